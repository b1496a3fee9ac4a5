"""Linear models on 120 rows of 6 columns: linear.json, for classes of 2 and 4 and for a quantity.

Rows: centred(seed 60, 4) plus 10 times the column's number, so that standardising matters; classes and numbers follow from them
with noise of seed 61. Each entry has the strength s, with J = mean loss + s d / 2 |W|² on standardised columns, and the peer's

  coefficients   [outputs, columns], on standardised columns; of two classes, those of the second less those of the first
  intercepts     their mean subtracted, where there are several
  objective      J there
"""

import numpy as np
from formula import centred, numbers, write
from sklearn.linear_model import LogisticRegression, Ridge

ROWS, COLUMNS = 120, 6

x = centred(60, 4.0, ROWS, COLUMNS).astype(np.float64)
noise = centred(61, 2.0, ROWS, 4).astype(np.float64)
scores = np.stack([x[:, 0] - x[:, 1], x[:, 2] + 0.5 * x[:, 3], -x[:, 2] + x[:, 4], 0.3 * x[:, 5]], axis=1) + noise
number = scores[:, 0] * 5 + 40
# As the features of rows are kept.
x = (x + 10 * np.arange(COLUMNS)).astype(np.float32).astype(np.float64)
z = (x - x.mean(0)) / x.std(0)


def exact(values):
    return [float(v) for v in np.asarray(values).ravel()]


def classes(count, s):
    y = scores[:, :count].argmax(1)
    penalty = s * COLUMNS
    # Softmax columns w0 = -w / 2, w1 = w / 2 of two classes have half of |w|².
    c = (1.0 if count > 2 else 2.0) / (ROWS * penalty)
    model = LogisticRegression(C=c, solver="newton-cg", tol=1e-14, max_iter=10_000).fit(z, y)
    w, b = model.coef_, model.intercept_
    square = (w**2).sum() * (1.0 if count > 2 else 0.5)
    logs = model.predict_log_proba(z)
    objective = -logs[np.arange(ROWS), y].mean() + 0.5 * penalty * square
    if count > 2:
        b = b - b.mean()
    return {"classes": count, "strength": s, "labels": [int(v) for v in y], "coefficients": exact(w),
            "intercepts": exact(b), "objective": float(objective)}


def ridge(s):
    y = (number - number.mean()) / number.std()
    model = Ridge(alpha=ROWS * s * COLUMNS, solver="cholesky").fit(z, y)
    left = y - model.predict(z)
    objective = 0.5 * (left**2).mean() + 0.5 * s * COLUMNS * (model.coef_**2).sum()
    return {"classes": 1, "strength": s, "numbers": exact(number), "coefficients": exact(model.coef_),
            "intercepts": exact(model.intercept_), "objective": float(objective)}


problems = [classes(2, 1e-2), classes(2, 1e-4), classes(4, 1e-2), classes(4, 1e-4), ridge(1e-2), ridge(1e-4)]
write("linear", ["scikit-learn", "numpy"], {"values": numbers(x), "problems": problems})
