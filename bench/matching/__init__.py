"""Does the ranking of ``geo.matching`` help? A made-up city's season, played with four rankings.

``make evaluate`` plays it and writes ``docs/matching.md`` with its plots; same seeds, same bytes.
"""
