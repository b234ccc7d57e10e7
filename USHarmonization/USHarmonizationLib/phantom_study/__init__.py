"""The paper's phantom study, simulated: two scanners image one phantom; how well does each method bring them together?"""
