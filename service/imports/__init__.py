"""Models of other programs as specifications: Keras, PyTorch, ONNX, Hugging Face.

A file is read wholly or not at all: every field of it is understood, without effect, or a fault that refuses the file.
What it does not say is asked for, or stands among the assumptions of the answer. Nothing of it is ever run.

`sources.imported` is the entrance. A reader makes `graph.Vertex`es of what it finds, `graph.chain_of` makes the tree of
layers, and `base.Reading` keeps what is assumed and what is not understood.
"""
