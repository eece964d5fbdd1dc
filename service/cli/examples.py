"""What `--help` says below the options: examples for each command, and the exit statuses, which all of them share."""

STATUSES = """\
exit status: 0 where all is done, 2 where something is refused or cannot be read, 3 where --fail-on holds,
130 where it was interrupted."""
_COMMANDS = """\
  gradient-verdict check model.keras
  gradient-verdict check net:Net --input 3x32x32 --optimiser adam
  gradient-verdict import model.h5 -o spec.json
  gradient-verdict suggest spec.json
  gradient-verdict COMMAND --help

A model is a file (Keras .keras, .h5 or .json, Hugging Face config.json, ONNX, PyTorch .pt2, or a specification of
this service), or module:name of your own code, which is imported from the current folder and run."""
_EXAMPLES = {
    "check": """\
  gradient-verdict check model.keras
  gradient-verdict check models/*.json --optimiser adam --fail-on exploding,vanishing,dead
  gradient-verdict check model.onnx --input 3x224x224 --preset pytorch
  gradient-verdict check net:Net --input 3x32x32
  gradient-verdict check net:make_net --example net:make_batch
  gradient-verdict check model.h5 --fail-on risk=0.5 --ignore GV304 --annotate github --sarif verdict.sarif

Without --fail-on a model fails where a finding is an error, which is what a network is expected to fail by.
What is refused ends with status 2, whatever fails beside it.""",
    "import": """\
  gradient-verdict import model.keras
  gradient-verdict import model.json --input 32x32x3 -o spec.json
  gradient-verdict import net:Net --input 3x32x32 -o spec.json

The specification goes to standard output or into the file, what was assumed to standard error.""",
    "simulate": """\
  gradient-verdict simulate spec.json
  gradient-verdict simulate spec.json --json > report.json
  gradient-verdict simulate spec.json --fail-on exploding,vanishing,dead
  gradient-verdict simulate - < spec.json""",
    "suggest": """\
  gradient-verdict suggest model.keras
  gradient-verdict suggest spec.json --optimiser adam
  gradient-verdict suggest net:Net --input 3x32x32 --json""",
    "train": """\
  gradient-verdict train spec.json --data blobs
  gradient-verdict train spec.json --rates 0.001,0.01,0.1 --optimiser adam --steps 500 --json""",
    "sweep": """\
  gradient-verdict sweep sweep.json
  gradient-verdict sweep sweep.json --csv points.csv
  gradient-verdict sweep sweep.json --json --workers 4 > points.jsonl""",
    "grade": """\
  gradient-verdict grade rubric.json answers.json
  gradient-verdict grade rubric.json answers/*.json
  gradient-verdict grade rubric.json answers.json --format gradescope > results.json""",
    "serve": """\
  gradient-verdict serve
  GRADIENT_VERDICT_PORT=8080 gradient-verdict serve""",
    "worker": """\
  GRADIENT_VERDICT_DATABASE_URL=postgresql://… gradient-verdict worker""",
    "health": """\
  gradient-verdict health && echo ready

exit status: 0 where it is ready, 1 where it is not.""",
    "keys": """\
  gradient-verdict keys create course-2027 --scope read,grade,teach --file keys.json
  gradient-verdict keys create ada --scope read --scope grade
  gradient-verdict keys list
  gradient-verdict keys revoke ada

A service with GRADIENT_VERDICT_API_KEYS_FILE=keys.json reads the file again when it changes. A key is printed once;
the file has its SHA-256 alone. `read` sees reports, jobs and results; `simulate` asks for simulations, sweeps and
imports; `grade` has answers graded, as students may; `teach` keeps assignments; `admin` may do everything.""",
    "openapi": """\
  gradient-verdict openapi > openapi.json""",
    "database": """\
  gradient-verdict database upgrade
  gradient-verdict database current
  gradient-verdict database downgrade""",
}


def epilog(command: str = "") -> str:
    """The examples of a command, or of all where it is empty, and the exit statuses."""
    examples = _EXAMPLES[command] if command else _COMMANDS
    return f"examples:\n{examples}" + ("" if "exit status" in examples else f"\n\n{STATUSES}")
