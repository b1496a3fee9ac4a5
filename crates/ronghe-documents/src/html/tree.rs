//! The tree of a page or an XML file, flat: nodes stand in the order of the document, each knows where what is in it ends.

use std::borrow::Cow;

/// A node and what is in it: `tree[at + 1..end]`.
#[derive(Debug)]
pub(crate) struct Node<'a> {
    pub(crate) what: What<'a>,
    /// One after the last node in it.
    pub(crate) end: usize,
    /// The element around it; the first of all is around itself.
    pub(crate) parent: usize,
}

#[derive(Debug)]
pub(crate) enum What<'a> {
    Element(Element<'a>),
    Text(Cow<'a, str>),
}

/// An element: its name in small letters, its attributes as they are written.
#[derive(Debug)]
pub(crate) struct Element<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) attributes: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl Element<'_> {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

/// All nodes; the first is the document itself.
#[derive(Debug)]
pub(crate) struct Tree<'a> {
    pub(crate) nodes: Vec<Node<'a>>,
    open: Vec<usize>,
}

impl<'a> Tree<'a> {
    pub(crate) fn new() -> Tree<'a> {
        let root = What::Element(Element { name: Cow::Borrowed(""), attributes: Vec::new() });
        Tree { nodes: vec![Node { what: root, end: 1, parent: 0 }], open: vec![0] }
    }

    pub(crate) fn enter(&mut self, element: Element<'a>) {
        let parent = self.open.last().copied().unwrap_or_default();
        self.open.push(self.nodes.len());
        self.nodes.push(Node { what: What::Element(element), end: 0, parent });
    }

    /// Ends the innermost element.
    pub(crate) fn leave(&mut self) {
        if self.open.len() > 1
            && let Some(at) = self.open.pop()
        {
            self.nodes[at].end = self.nodes.len();
        }
    }

    pub(crate) fn text(&mut self, text: Cow<'a, str>) {
        let parent = self.open.last().copied().unwrap_or_default();
        let end = self.nodes.len() + 1;
        self.nodes.push(Node { what: What::Text(text), end, parent });
    }

    /// Elements that are open, without the document.
    pub(crate) fn depth(&self) -> usize {
        self.open.len() - 1
    }

    /// Ends everything.
    pub(crate) fn finish(mut self) -> Tree<'a> {
        while self.open.len() > 1 {
            self.leave();
        }
        self.nodes[0].end = self.nodes.len();
        self
    }

    pub(crate) fn element(&self, at: usize) -> Option<&Element<'a>> {
        match &self.nodes.get(at)?.what {
            What::Element(element) => Some(element),
            What::Text(_) => None,
        }
    }

    /// The name of the element at a place; that of a text is empty.
    pub(crate) fn name(&self, at: usize) -> &str {
        self.element(at).map_or("", |e| &e.name)
    }

    /// Elements of a name within the node at `at`, in order.
    pub(crate) fn within<'t>(&'t self, at: usize, name: &'t str) -> impl Iterator<Item = usize> + 't {
        let end = self.nodes.get(at).map_or(at, |n| n.end);
        (at + 1..end).filter(move |&i| self.name(i) == name)
    }

    /// Nodes directly within the node at `at`.
    pub(crate) fn children(&self, at: usize) -> impl Iterator<Item = usize> + '_ {
        let end = self.nodes.get(at).map_or(at, |n| n.end);
        let mut next = at + 1;
        std::iter::from_fn(move || {
            let this = next;
            next = self.nodes.get(this)?.end;
            (this < end).then_some(this)
        })
    }

    /// All text in the node at `at`.
    pub(crate) fn text_of(&self, at: usize) -> String {
        let end = self.nodes.get(at).map_or(at, |n| n.end);
        let texts = self.nodes.get(at..end).unwrap_or_default().iter().map(|n| match &n.what {
            What::Text(text) => text.as_ref(),
            What::Element(_) => "",
        });
        texts.collect()
    }
}
