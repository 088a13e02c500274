def edelbaum_m_s(o, a, b): return 1000.0
