"""Software of the core: start-up, main loop, operators in C++, and what builds and places them."""
