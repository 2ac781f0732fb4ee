"""How the register reaches the data of its shop, online or offline."""
