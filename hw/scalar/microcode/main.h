#ifndef WEFT_MAIN_H
#define WEFT_MAIN_H

// After power-up or a soft reset: tells the host how it left things.
void answer_start();

// Runs a program if the host has rung; returns whether it had.
bool answer_doorbell();

#endif  // WEFT_MAIN_H
