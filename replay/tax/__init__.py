"""Tax engines at work: asked before documents go out, told what did, waited for when they fail."""
