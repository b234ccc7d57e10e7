"""The paper's phantom study, simulated: two scanners image one phantom; how alike do methods make them?"""
