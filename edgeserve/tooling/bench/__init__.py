"""The benchmark: the server beside the same work in one process without a server.

Three kinds of processes, none of which shares an interpreter with another: the server, a load
generator with frames serialised beforehand, and the limit, which runs the server's own frame path
in a bare loop. Rounds are interleaved, because the speed of a machine drifts: only ratios of one
run mean anything.
"""
