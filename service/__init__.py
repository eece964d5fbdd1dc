"""Gradient Verdict: from a network's specification to a judgement of its gradients.

Data flows one way:

    JSON → spec → built layers → forward values → backward gradients → statistics → verdict → report → JSON
"""
