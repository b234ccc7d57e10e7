"""Two images of one phantom, brought onto each other by landmarks.

Everything lies in the plane of the images, in mm, as ITK and DICOM count (LPS: x to the patient's left, y to the
back). A transform leads from the fixed image to the moving one, as in ITK: it says where in the moving image to look
for what lies at a point of the fixed image.
"""
