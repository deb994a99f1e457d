"""Which way of running a model is the fastest on this machine.

`candidate` says what can be chosen and what has to be measured for it, `stopwatch` measures,
`race` compares in interleaved rounds, `search` narrows down.
"""
