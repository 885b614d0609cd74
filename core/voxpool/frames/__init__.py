"""Every message both ways, as a person looks at it: audio folded, secrets taken out, bounded in memory.

``record`` is one frame, ``folding`` makes it of what went over the wire, ``store`` keeps the newest and finds them
again, ``filter`` chooses among them, ``compare`` and ``export`` take them further.
"""
