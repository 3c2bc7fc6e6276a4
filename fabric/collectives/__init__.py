"""What a collective is and how each algorithm does it, as schedules over ranks; never sees a Fabric."""
