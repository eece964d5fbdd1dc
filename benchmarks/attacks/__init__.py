"""Attacks on a running service, each a coroutine that goes on until its time is over: for `make attack`, loopback only.

Every one is the reproduction of something that broke an earlier version, or its kind.
"""
