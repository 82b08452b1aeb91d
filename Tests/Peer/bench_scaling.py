"""A model of the step's time on many ranks: arithmetic that was measured, and a network that was not."""
from math import ceil, log, sqrt

RANKS_PER_NODE = 64
BUCKET_BYTES = 4 << 20
# Of one node: copies into and out of shared memory read and write every byte twice.
MEMORY_BANDWIDTH = 200e9
BYTES_TOUCHED = 4
# Standard deviation of a rank's computing time, as a share of it.
JITTER = 0.01
# Bytes a second that a node can send while it receives as many, seconds of a core for a message, seconds on the way.
NETWORKS = {
    "10 GbE": (1.15e9, 5e-6, 30e-6),
    "25 GbE": (2.9e9, 5e-6, 20e-6),
    "100 GbE": (11.5e9, 1e-6, 5e-6),
    "HDR": (24e9, 0.5e-6, 1.5e-6),
}
RANKS = (16, 64, 256, 1024, 4096)


def step(ranks, network, computing, vector, pair_seconds):
    """Seconds of a step in which each rank computes for `computing` seconds and then sums `vector` bytes with all.

    A node's ranks first sum among each other: 2 (L - 1) / L of the vector each way through its memory, none of it
    while they compute. `pair_seconds` is what that takes two ranks. Each of them then sums its slice with its like on
    other nodes: 2 (N - 1) / N of the vector each way through the node's network card.
    """
    bandwidth, message, latency = NETWORKS[network]
    local = min(ranks, RANKS_PER_NODE)
    nodes = ranks // local
    buckets = ceil(vector / BUCKET_BYTES)
    slowest = computing * (1 + JITTER * sqrt(2 * log(ranks)))

    inside = 2 * vector * (local - 1) / local
    outside = 2 * vector * (nodes - 1) / nodes
    copying = max(inside / vector * pair_seconds, local * inside * BYTES_TOUCHED / MEMORY_BANDWIDTH)
    sending = outside / bandwidth
    messages = 4 * buckets * (nodes - 1) * message
    waiting = 2 * ceil(buckets / 8) * latency if nodes > 1 else 0
    return slowest + copying + sending + messages + waiting


def table(computing, vector, pair_seconds):
    """Markdown: seconds a step and, in brackets, the share of them that one rank alone would need."""
    lines = ["| ranks | nodes | " + " | ".join(NETWORKS) + " |", "|--:|--:|" + "--:|" * len(NETWORKS)]
    for ranks in RANKS:
        cells = []
        for network in NETWORKS:
            seconds = step(ranks, network, computing, vector, pair_seconds)
            cells.append(f"{seconds:.3g} s ({100 * computing / seconds:.0f} %)")
        lines.append(f"| {ranks:,} | {max(1, ranks // RANKS_PER_NODE)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
