"""CodeRunner puts the student's answer in here, and reads what this prints."""

import json

from gradient_verdict import Failed, graded

try:
    print(graded("coderunner", "rubric.json", json.loads("""{{ STUDENT_ANSWER | e('py') }}""")))
except (Failed, ValueError):
    told = '<p>Nothing was graded. Write your answers as JSON, such as {"d1": "tanh(z)"}, or try again later.</p>'
    print(json.dumps({"fraction": 0, "prologuehtml": told}))
