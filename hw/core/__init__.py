"""The RISC-V core: RV32IM with Zicsr and Zicntr, machine mode."""
