"""Is a measured number good? What a fabric or a site's own rows let expect, a verdict, and signatures of causes."""
