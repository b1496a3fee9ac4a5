"""A scikit-learn model that `ronghe explain` asks, see README: rows come in as a JSON object a line, predictions go out so.

    ronghe explain --model-command "python3 examples/explain_sklearn.py" --data iris.csv
"""
import json
import sys

from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier

iris = load_iris()
model = RandomForestClassifier(random_state=1).fit(iris.data, iris.target)
columns = [{"name": name, "kind": "number"} for name in iris.feature_names]
print(json.dumps({"task": "multi_class", "target": "species", "labels": list(iris.target_names), "columns": columns}), flush=True)
for line in sys.stdin:
    question = json.loads(line)
    rows = [[row[name] for name in iris.feature_names] for row in question["rows"]]
    print(json.dumps({"id": question["id"], "values": model.predict_proba(rows).tolist()}), flush=True)
