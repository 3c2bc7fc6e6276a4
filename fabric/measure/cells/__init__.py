"""What is measured: cases, sizes, forms, and what stands in the buffers. It times nothing."""
