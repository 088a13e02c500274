"""Auxon: societies of robots that mine, refine, build, repair and copy themselves."""
