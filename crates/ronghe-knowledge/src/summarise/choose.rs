//! Which sentences make the summary.
//!
//! One at a time, the sentence with the highest `RELEVANCE score_i - (1 - RELEVANCE) max_j s_ij` over the `j` already chosen
//! (maximal marginal relevance, [`Marginal`]), `s` the similarity above the floor. Equal values: the earlier first.
//!
//! With several documents there are rounds, each with a most of sentences from the same place:
//! 1. one from each domain; 2. one from each document; 3. twice the even share from each document and cluster; 4. no limit.
//!
//! So every domain is heard, and every document, as far as the length allows. With a query, all but the last take
//! only sentences that have something to do with it.

use super::centrality::Centrality;
use super::clusters::Clusters;
use super::rows::Rows;
use super::sentences::Sentence;
use ronghe_vector::Marginal;

/// Share of the score beside what is lost for repetition.
const RELEVANCE: f64 = 0.7;

/// Least score, of the highest, to be heard for the sake of the domain or document when there is a query.
const ABOUT: f64 = 0.25;

/// Most sentences of a domain, document and cluster.
struct Round {
    domain: usize,
    document: usize,
    cluster: usize,
    least: f64,
}

/// The first sentences: of every document its first, then of every document its second, and so on; `picks` in all.
pub(super) fn lead(sentences: &[Sentence], picks: usize) -> Vec<usize> {
    let mut turn = 0;
    let mut order: Vec<(usize, usize)> = (0..sentences.len())
        .map(|i| {
            turn = if i > 0 && sentences[i].source == sentences[i - 1].source { turn + 1 } else { 0 };
            (turn, i)
        })
        .collect();
    order.sort_unstable();
    order.into_iter().take(picks).map(|(_, i)| i).collect()
}

/// `picks` rows, in the order in which they were chosen. `domains`: the domain of each source.
pub(super) fn choose(
    rows: &dyn Rows,
    sentences: &[Sentence],
    domains: &[usize],
    central: &Centrality,
    clusters: &Clusters,
    picks: usize,
    query: bool,
) -> Vec<usize> {
    let domain_count = domains.iter().max().map_or(0, |most| most + 1);
    let mut heard: Vec<usize> = sentences.iter().map(|s| s.source).collect();
    heard.dedup();
    let even = |groups: usize| (2 * picks).div_ceil(groups.max(1)).max(1);
    let (most, least) = (usize::MAX, if query { ABOUT } else { 0.0 });
    let mut rounds = Vec::new();
    if domain_count > 1 {
        rounds.push(Round { domain: 1, document: 1, cluster: most, least });
    }
    if heard.len() > 1 {
        rounds.push(Round { domain: most, document: 1, cluster: most, least });
    }
    rounds.push(Round { domain: most, document: even(heard.len()), cluster: even(clusters.count), least });
    rounds.push(Round { domain: most, document: most, cluster: most, least: 0.0 });

    let similarity = |row: usize, other: usize| {
        f64::from((rows.similarity(row, other) - central.floor) / (1.0 - central.floor))
    };
    let mut marginal = Marginal::new(&central.scores, RELEVANCE);
    let mut of_domain = vec![0; domain_count];
    let mut of_document = vec![0; domains.len()];
    let mut of_cluster = vec![0; clusters.count];
    let places = |row: usize| (domains[sentences[row].source], sentences[row].source, clusters.of[row]);
    for round in rounds {
        marginal.open(|row| central.scores[row] >= round.least);
        while marginal.taken().len() < picks {
            let admit = |row: usize| {
                let (domain, document, cluster) = places(row);
                of_domain[domain] < round.domain
                    && of_document[document] < round.document
                    && of_cluster[cluster] < round.cluster
            };
            let Some(row) = marginal.take(similarity, admit) else { break };
            let (domain, document, cluster) = places(row);
            of_domain[domain] += 1;
            of_document[document] += 1;
            of_cluster[cluster] += 1;
        }
    }
    marginal.taken().to_vec()
}

#[cfg(test)]
mod tests {
    use super::super::rows::Dense;
    use super::super::sentences::{made, sentences};
    use super::*;
    use proptest::prelude::*;

    fn one_cluster(n: usize) -> Clusters {
        Clusters { of: vec![0; n], count: 1 }
    }

    #[test]
    fn the_lead_goes_around_the_documents() {
        assert_eq!(lead(&sentences(&made(&[3, 1, 2])).kept, 4), [0, 3, 4, 1]);
        assert_eq!(lead(&sentences(&made(&[3])).kept, 2), [0, 1]);
    }

    #[test]
    fn every_domain_and_document_is_heard() {
        let (sentences, n) = (sentences(&made(&[5, 2, 2])).kept, 9);
        let rows = Dense::new((0..n * n).map(|i| f32::from(i % (n + 1) == 0)).collect(), n);
        let mut scores = vec![0.1; n];
        scores[..5].fill(1.0);
        let central = Centrality { scores, floor: 0.0 };
        let of = |domains: &[usize], picks| {
            let chosen = choose(&rows, &sentences, domains, &central, &one_cluster(n), picks, false);
            chosen.iter().map(|&i| sentences[i].source).collect::<Vec<_>>()
        };
        // Two picks, two domains: one from each. Three picks: the third document as well. Then even shares twice over.
        assert_eq!(of(&[0, 0, 1], 2), [0, 2]);
        assert_eq!(of(&[0, 0, 1], 3), [0, 2, 1]);
        assert_eq!(of(&[0, 0, 0], 6), [0, 1, 2, 0, 0, 0]);
        let chosen = choose(&rows, &sentences, &[0, 0, 1], &central, &one_cluster(n), 3, true);
        assert!(
            chosen.iter().all(|&i| i < 5),
            "with a query, what is not about it need not be heard: {chosen:?}"
        );
    }

    #[test]
    fn repetition_is_passed_over() {
        let sentences = sentences(&made(&[3])).kept;
        let rows = Dense::new(vec![1.0, 0.0, 1.0, 0.01, 0.0, 1.0], 2);
        let central = Centrality { scores: vec![1.0, 0.95, 0.7], floor: 0.0 };
        assert_eq!(choose(&rows, &sentences, &[0], &central, &one_cluster(3), 2, false), [0, 2]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn lazy_is_greedy(
            values in proptest::collection::vec(-1.0f32..1.0, 12 * 3),
            scores in proptest::collection::vec(0.0f64..1.0, 12),
            picks in 1usize..12,
        ) {
            let sentences = sentences(&made(&[12])).kept;
            let rows = Dense::new(values, 3);
            let central = Centrality { scores, floor: 0.1 };
            let found = choose(&rows, &sentences, &[0], &central, &one_cluster(12), picks, false);
            let mut plain: Vec<usize> = Vec::new();
            for _ in 0..picks {
                let value = |row: usize| {
                    let worst = plain.iter().map(|&o| f64::from(((rows.similarity(row, o) - 0.1) / (1.0 - 0.1)).max(0.0)));
                    RELEVANCE * central.scores[row] - (1.0 - RELEVANCE) * worst.fold(0.0, f64::max)
                };
                let left = (0..12).filter(|row| !plain.contains(row));
                plain.push(left.reduce(|a, b| if value(b) > value(a) { b } else { a }).unwrap());
            }
            prop_assert_eq!(found, plain);
        }
    }
}
