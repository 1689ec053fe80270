#ifndef WEFT_COMMANDS_H
#define WEFT_COMMANDS_H

/* Made by python -m gen.op_header from arch/isa.py. */

#ifdef __ASSEMBLER__
#define WEFT_U32(x) x
#define WEFT_U64(x) x
#else
#include <stdint.h>
#define WEFT_U32(x) UINT32_C(x)
#define WEFT_U64(x) UINT64_C(x)
#endif

/* The command stream: opcodes and values of fields. */
#define WEFT_OPCODE_LOAD 16
#define WEFT_OPCODE_ARRAY 17
#define WEFT_OPCODE_CORE 18
#define WEFT_OPCODE_STORE 19
#define WEFT_OPCODE_END 31
#define WEFT_ENGINE_LOAD 0
#define WEFT_ENGINE_ARRAY 1
#define WEFT_ENGINE_CORE 2
#define WEFT_ENGINE_STORE 3
#define WEFT_SPACE_SCRATCHPAD 0
#define WEFT_SPACE_WEIGHTS 1
#define WEFT_SPACE_IMEM 2
#define WEFT_SPACE_DMEM 3
#define WEFT_SPACE_TABLES 4
#define WEFT_SOURCE_MEMORY 0
#define WEFT_SOURCE_FILL 1
#define WEFT_MODE_CONVOLUTION 0
#define WEFT_MODE_DEPTHWISE 1
#define WEFT_MODE_ELEMENTWISE 2
#define WEFT_WIDE_NONE 0
#define WEFT_WIDE_LOW 1
#define WEFT_WIDE_HIGH 2
#define WEFT_N_REGIONS 8  /* regions of external memory */

/* The first two words of every command. */
#define WEFT_HEADER_OPCODE_SHIFT 0  /* see the table of opcodes */
#define WEFT_HEADER_OPCODE_MASK WEFT_U64(0x00000000000000FF)
/* configuration words that follow the wait word; the number of bits set in mask */
#define WEFT_HEADER_WORDS_SHIFT 8
#define WEFT_HEADER_WORDS_MASK WEFT_U64(0x000000000000FF00)
/* bit i: configuration word i is present; present words are in ascending order */
#define WEFT_HEADER_MASK_SHIFT 16
#define WEFT_HEADER_MASK_MASK WEFT_U64(0x00000000FFFF0000)
#define WEFT_WAITS_LOAD_SHIFT 0  /* commands that the load engine must have completed */
#define WEFT_WAITS_LOAD_MASK WEFT_U64(0x000000000000FFFF)
#define WEFT_WAITS_ARRAY_SHIFT 16  /* commands that the array engine must have completed */
#define WEFT_WAITS_ARRAY_MASK WEFT_U64(0x00000000FFFF0000)
#define WEFT_WAITS_CORE_SHIFT 32  /* commands that the core must have completed */
#define WEFT_WAITS_CORE_MASK WEFT_U64(0x0000FFFF00000000)
#define WEFT_WAITS_STORE_SHIFT 48  /* commands that the store engine must have completed */
#define WEFT_WAITS_STORE_MASK WEFT_U64(0xFFFF000000000000)

/* LOAD: configuration word 0, EXTERNAL. */
#define WEFT_LOAD_EXTERNAL_WORD 0  /* bit of the header's mask */
#define WEFT_LOAD_EXTERNAL_EXT_OFFSET_SHIFT 0  /* byte offset in the region */
#define WEFT_LOAD_EXTERNAL_EXT_OFFSET_MASK WEFT_U64(0x00000000FFFFFFFF)
#define WEFT_LOAD_EXTERNAL_REGION_SHIFT 32  /* region of external memory */
#define WEFT_LOAD_EXTERNAL_REGION_MASK WEFT_U64(0x000000FF00000000)
#define WEFT_LOAD_EXTERNAL_SPACE_SHIFT 40  /* on-chip memory (load: any; store: scratchpad) */
#define WEFT_LOAD_EXTERNAL_SPACE_MASK WEFT_U64(0x0000FF0000000000)
/* load: 0 external memory, 1 fill with the byte below */
#define WEFT_LOAD_EXTERNAL_SOURCE_SHIFT 48
#define WEFT_LOAD_EXTERNAL_SOURCE_MASK WEFT_U64(0x00FF000000000000)
#define WEFT_LOAD_EXTERNAL_FILL_SHIFT 56  /* load: the byte to fill with */
#define WEFT_LOAD_EXTERNAL_FILL_MASK WEFT_U64(0xFF00000000000000)

/* LOAD: configuration word 1, INTERNAL. */
#define WEFT_LOAD_INTERNAL_WORD 1  /* bit of the header's mask */
#define WEFT_LOAD_INTERNAL_INT_BASE_SHIFT 0  /* on-chip byte address; wraps in the weight memory */
#define WEFT_LOAD_INTERNAL_INT_BASE_MASK WEFT_U64(0x0000000000FFFFFF)
/* bytes of a row, contiguous on both sides; at least 1 */
#define WEFT_LOAD_INTERNAL_LENGTH_SHIFT 24
#define WEFT_LOAD_INTERNAL_LENGTH_MASK WEFT_U64(0x0000FFFFFF000000)
#define WEFT_LOAD_INTERNAL_N1_SHIFT 48  /* rows of a plane; at least 1 */
#define WEFT_LOAD_INTERNAL_N1_MASK WEFT_U64(0xFFFF000000000000)

/* LOAD: configuration word 2, EXTERNAL_STEP. */
#define WEFT_LOAD_EXTERNAL_STEP_WORD 2  /* bit of the header's mask */
/* signed; bytes from row to row in external memory */
#define WEFT_LOAD_EXTERNAL_STEP_EXT_STEP1_SHIFT 0
#define WEFT_LOAD_EXTERNAL_STEP_EXT_STEP1_MASK WEFT_U64(0x00000000FFFFFFFF)
/* signed; bytes from plane to plane in external memory */
#define WEFT_LOAD_EXTERNAL_STEP_EXT_STEP2_SHIFT 32
#define WEFT_LOAD_EXTERNAL_STEP_EXT_STEP2_MASK WEFT_U64(0xFFFFFFFF00000000)

/* LOAD: configuration word 3, INTERNAL_STEP. */
#define WEFT_LOAD_INTERNAL_STEP_WORD 3  /* bit of the header's mask */
#define WEFT_LOAD_INTERNAL_STEP_INT_STEP1_SHIFT 0  /* signed; bytes from row to row on chip */
#define WEFT_LOAD_INTERNAL_STEP_INT_STEP1_MASK WEFT_U64(0x0000000000FFFFFF)
#define WEFT_LOAD_INTERNAL_STEP_INT_STEP2_SHIFT 24  /* signed; bytes from plane to plane on chip */
#define WEFT_LOAD_INTERNAL_STEP_INT_STEP2_MASK WEFT_U64(0x0000FFFFFF000000)
#define WEFT_LOAD_INTERNAL_STEP_N2_SHIFT 48  /* planes; at least 1 */
#define WEFT_LOAD_INTERNAL_STEP_N2_MASK WEFT_U64(0xFFFF000000000000)

/* ARRAY: configuration word 0, INPUT. */
#define WEFT_ARRAY_INPUT_WORD 0  /* bit of the header's mask */
/* scratchpad byte address of the first slot that is read in output row 0 */
#define WEFT_ARRAY_INPUT_IN_BASE_SHIFT 0
#define WEFT_ARRAY_INPUT_IN_BASE_MASK WEFT_U64(0x0000000000FFFFFF)
#define WEFT_ARRAY_INPUT_IN_BLOCK_STEP_SHIFT 24  /* bytes added for each block of output channels */
#define WEFT_ARRAY_INPUT_IN_BLOCK_STEP_MASK WEFT_U64(0x0000FFFFFF000000)
/* signed; value read outside the image (the input's zero point) */
#define WEFT_ARRAY_INPUT_PAD_SHIFT 48
#define WEFT_ARRAY_INPUT_PAD_MASK WEFT_U64(0x00FF000000000000)
#define WEFT_ARRAY_INPUT_MODE_SHIFT 56  /* 0 convolution, 1 depthwise, 2 element-wise */
#define WEFT_ARRAY_INPUT_MODE_MASK WEFT_U64(0xFF00000000000000)

/* ARRAY: configuration word 1, STEP. */
#define WEFT_ARRAY_STEP_WORD 1  /* bit of the header's mask */
/* signed; bytes from one output row's input to the next's */
#define WEFT_ARRAY_STEP_ROW_STEP_SHIFT 0
#define WEFT_ARRAY_STEP_ROW_STEP_MASK WEFT_U64(0x0000000000FFFFFF)
#define WEFT_ARRAY_STEP_PIXEL_STEP_SHIFT 24  /* signed; bytes from one slot's input to the next's */
#define WEFT_ARRAY_STEP_PIXEL_STEP_MASK WEFT_U64(0x0000FFFFFF000000)
#define WEFT_ARRAY_STEP_Y_STEP_SHIFT 48  /* input rows from one output row to the next */
#define WEFT_ARRAY_STEP_Y_STEP_MASK WEFT_U64(0x00FF000000000000)
#define WEFT_ARRAY_STEP_X_STEP_SHIFT 56  /* input columns from one slot to the next */
#define WEFT_ARRAY_STEP_X_STEP_MASK WEFT_U64(0xFF00000000000000)

/* ARRAY: configuration word 2, BOUNDS. */
#define WEFT_ARRAY_BOUNDS_WORD 2  /* bit of the header's mask */
#define WEFT_ARRAY_BOUNDS_Y0_SHIFT 0  /* signed; input row of output row 0 */
#define WEFT_ARRAY_BOUNDS_Y0_MASK WEFT_U64(0x000000000000FFFF)
/* signed; input column of the first slot that is read (slot lead) */
#define WEFT_ARRAY_BOUNDS_X0_SHIFT 16
#define WEFT_ARRAY_BOUNDS_X0_MASK WEFT_U64(0x00000000FFFF0000)
#define WEFT_ARRAY_BOUNDS_HEIGHT_SHIFT 32  /* input rows outside 0..height-1 read as pad */
#define WEFT_ARRAY_BOUNDS_HEIGHT_MASK WEFT_U64(0x0000FFFF00000000)
#define WEFT_ARRAY_BOUNDS_WIDTH_SHIFT 48  /* input columns outside 0..width-1 read as pad */
#define WEFT_ARRAY_BOUNDS_WIDTH_MASK WEFT_U64(0xFFFF000000000000)

/* ARRAY: configuration word 3, TILE. */
#define WEFT_ARRAY_TILE_WORD 3  /* bit of the header's mask */
#define WEFT_ARRAY_TILE_TILE_W_SHIFT 0  /* output pixels of a row; at least 1 */
#define WEFT_ARRAY_TILE_TILE_W_MASK WEFT_U64(0x000000000000FFFF)
/* output rows; at least 1; tile_w*tile_h at most the accumulator depth */
#define WEFT_ARRAY_TILE_TILE_H_SHIFT 16
#define WEFT_ARRAY_TILE_TILE_H_MASK WEFT_U64(0x00000000FFFF0000)
#define WEFT_ARRAY_TILE_RUN_SHIFT 32  /* slots of a row, tile_w or more (element-wise: tile_w) */
#define WEFT_ARRAY_TILE_RUN_MASK WEFT_U64(0x0000FFFF00000000)
/* depthwise: slots by which sums run ahead of pixels; 0 to 7 and at most run */
#define WEFT_ARRAY_TILE_LEAD_SHIFT 48
#define WEFT_ARRAY_TILE_LEAD_MASK WEFT_U64(0x00FF000000000000)
/* go on with the sums that the last command kept; same tile, blocks = 1 */
#define WEFT_ARRAY_TILE_KEEP_IN_SHIFT 56
#define WEFT_ARRAY_TILE_KEEP_IN_MASK WEFT_U64(0x0100000000000000)
/* leave the sums in the accumulator: no output (blocks = 1) */
#define WEFT_ARRAY_TILE_KEEP_OUT_SHIFT 57
#define WEFT_ARRAY_TILE_KEEP_OUT_MASK WEFT_U64(0x0200000000000000)
#define WEFT_ARRAY_TILE_MAXIMUM_SHIFT 58  /* accumulate by maximum instead of by sum */
#define WEFT_ARRAY_TILE_MAXIMUM_MASK WEFT_U64(0x0400000000000000)
#define WEFT_ARRAY_TILE_SHARED_SHIFT 59  /* every block reads the same weights */
#define WEFT_ARRAY_TILE_SHARED_MASK WEFT_U64(0x0800000000000000)

/* ARRAY: configuration word 4, PASSES. */
#define WEFT_ARRAY_PASSES_WORD 4  /* bit of the header's mask */
#define WEFT_ARRAY_PASSES_ENTRIES_SHIFT 0  /* pass descriptors; at least 1 */
#define WEFT_ARRAY_PASSES_ENTRIES_MASK WEFT_U64(0x000000000000FFFF)
/* passes for each descriptor, over blocks of input channels; at least 1 */
#define WEFT_ARRAY_PASSES_CB_COUNT_SHIFT 16
#define WEFT_ARRAY_PASSES_CB_COUNT_MASK WEFT_U64(0x00000000FFFF0000)
#define WEFT_ARRAY_PASSES_CB_STEP_SHIFT 32  /* bytes from one block of input channels to the next */
#define WEFT_ARRAY_PASSES_CB_STEP_MASK WEFT_U64(0x0000FFFF00000000)
/* rows in use in the last block of input channels; 1 to rows */
#define WEFT_ARRAY_PASSES_LAST_ROWS_SHIFT 48
#define WEFT_ARRAY_PASSES_LAST_ROWS_MASK WEFT_U64(0x00FF000000000000)
#define WEFT_ARRAY_PASSES_LAST_COLS_SHIFT 56  /* output channels in the last block; 1 to cols */
#define WEFT_ARRAY_PASSES_LAST_COLS_MASK WEFT_U64(0xFF00000000000000)

/* ARRAY: configuration word 5, WEIGHTS. */
#define WEFT_ARRAY_WEIGHTS_WORD 5  /* bit of the header's mask */
#define WEFT_ARRAY_WEIGHTS_WEIGHTS_SHIFT 0  /* weight-memory word of the first tile */
#define WEFT_ARRAY_WEIGHTS_WEIGHTS_MASK WEFT_U64(0x0000000000FFFFFF)
#define WEFT_ARRAY_WEIGHTS_TABLE_SHIFT 24  /* weight-memory word of the first pass descriptor */
#define WEFT_ARRAY_WEIGHTS_TABLE_MASK WEFT_U64(0x0000FFFFFF000000)
#define WEFT_ARRAY_WEIGHTS_BLOCKS_SHIFT 48  /* blocks of cols output channels; at least 1 */
#define WEFT_ARRAY_WEIGHTS_BLOCKS_MASK WEFT_U64(0xFFFF000000000000)

/* ARRAY: configuration word 6, OUTPUT. */
#define WEFT_ARRAY_OUTPUT_WORD 6  /* bit of the header's mask */
/* scratchpad byte address of output pixel 0 of block 0 */
#define WEFT_ARRAY_OUTPUT_OUT_BASE_SHIFT 0
#define WEFT_ARRAY_OUTPUT_OUT_BASE_MASK WEFT_U64(0x0000000000FFFFFF)
/* bytes from one block of output channels to the next */
#define WEFT_ARRAY_OUTPUT_OUT_BLOCK_STEP_SHIFT 24
#define WEFT_ARRAY_OUTPUT_OUT_BLOCK_STEP_MASK WEFT_U64(0x0000FFFFFF000000)
#define WEFT_ARRAY_OUTPUT_LOW_SHIFT 48  /* signed; lower clamp */
#define WEFT_ARRAY_OUTPUT_LOW_MASK WEFT_U64(0x00FF000000000000)
#define WEFT_ARRAY_OUTPUT_HIGH_SHIFT 56  /* signed; upper clamp */
#define WEFT_ARRAY_OUTPUT_HIGH_MASK WEFT_U64(0xFF00000000000000)

/* ARRAY: configuration word 7, OUTPUT_STEP. */
#define WEFT_ARRAY_OUTPUT_STEP_WORD 7  /* bit of the header's mask */
#define WEFT_ARRAY_OUTPUT_STEP_OUT_ROW_STEP_SHIFT 0  /* bytes from one output row to the next */
#define WEFT_ARRAY_OUTPUT_STEP_OUT_ROW_STEP_MASK WEFT_U64(0x0000000000FFFFFF)
/* bytes from one output pixel to the next */
#define WEFT_ARRAY_OUTPUT_STEP_OUT_PIXEL_STEP_SHIFT 24
#define WEFT_ARRAY_OUTPUT_STEP_OUT_PIXEL_STEP_MASK WEFT_U64(0x0000FFFFFF000000)
#define WEFT_ARRAY_OUTPUT_STEP_ZERO_POINT_SHIFT 48  /* signed; output zero point */
#define WEFT_ARRAY_OUTPUT_STEP_ZERO_POINT_MASK WEFT_U64(0x00FF000000000000)

/* ARRAY: configuration word 8, QUANT. */
#define WEFT_ARRAY_QUANT_WORD 8  /* bit of the header's mask */
#define WEFT_ARRAY_QUANT_MULTIPLIER_SHIFT 0  /* multiplier of all channels; below 2**31 */
#define WEFT_ARRAY_QUANT_MULTIPLIER_MASK WEFT_U64(0x00000000FFFFFFFF)
#define WEFT_ARRAY_QUANT_SHIFT_SHIFT 32  /* signed; shift of all channels; -31 to 30 */
#define WEFT_ARRAY_QUANT_SHIFT_MASK WEFT_U64(0x000000FF00000000)
/* multipliers and shifts come with the weights, for each channel */
#define WEFT_ARRAY_QUANT_PER_CHANNEL_SHIFT 40
#define WEFT_ARRAY_QUANT_PER_CHANNEL_MASK WEFT_U64(0x0000010000000000)
/* look the clamped result up in table 0 (low byte); not element-wise */
#define WEFT_ARRAY_QUANT_TABLE_OUT_SHIFT 41
#define WEFT_ARRAY_QUANT_TABLE_OUT_MASK WEFT_U64(0x0000020000000000)
#define WEFT_ARRAY_QUANT_TABLE_A_SHIFT 42  /* element-wise: operand a is looked up in table 0 */
#define WEFT_ARRAY_QUANT_TABLE_A_MASK WEFT_U64(0x0000040000000000)
#define WEFT_ARRAY_QUANT_BINARY_SHIFT 43  /* element-wise: add operand b, looked up in table 1 */
#define WEFT_ARRAY_QUANT_BINARY_MASK WEFT_U64(0x0000080000000000)
/* 1, 2: clamp to int16 and write its low, high byte; without table_out */
#define WEFT_ARRAY_QUANT_WIDE_SHIFT 44
#define WEFT_ARRAY_QUANT_WIDE_MASK WEFT_U64(0x0000300000000000)

/* ARRAY: configuration word 9, OPERAND. */
#define WEFT_ARRAY_OPERAND_WORD 9  /* bit of the header's mask */
/* element-wise: scratchpad byte address of operand b; steps as for a */
#define WEFT_ARRAY_OPERAND_B_BASE_SHIFT 0
#define WEFT_ARRAY_OPERAND_B_BASE_MASK WEFT_U64(0x0000000000FFFFFF)

/* CORE: configuration word 0, CALL. */
#define WEFT_CORE_CALL_WORD 0  /* bit of the header's mask */
/* address of the function on the core; boot: the core's first pc */
#define WEFT_CORE_CALL_FUNCTION_SHIFT 0
#define WEFT_CORE_CALL_FUNCTION_MASK WEFT_U64(0x00000000FFFFFFFF)
#define WEFT_CORE_CALL_ARGUMENT_SHIFT 32  /* its argument */
#define WEFT_CORE_CALL_ARGUMENT_MASK WEFT_U64(0xFFFFFFFF00000000)

/* CORE: configuration word 1, CONTROL. */
#define WEFT_CORE_CONTROL_WORD 1  /* bit of the header's mask */
#define WEFT_CORE_CONTROL_BOOT_SHIFT 0  /* reset the core and let it start at function */
#define WEFT_CORE_CONTROL_BOOT_MASK WEFT_U64(0x0000000000000001)
/* while it runs, commands come from the core instead of the program */
#define WEFT_CORE_CONTROL_ACCEPT_SHIFT 1
#define WEFT_CORE_CONTROL_ACCEPT_MASK WEFT_U64(0x0000000000000002)

/* STORE: configuration word 0, EXTERNAL. */
#define WEFT_STORE_EXTERNAL_WORD 0  /* bit of the header's mask */
#define WEFT_STORE_EXTERNAL_EXT_OFFSET_SHIFT 0  /* byte offset in the region */
#define WEFT_STORE_EXTERNAL_EXT_OFFSET_MASK WEFT_U64(0x00000000FFFFFFFF)
#define WEFT_STORE_EXTERNAL_REGION_SHIFT 32  /* region of external memory */
#define WEFT_STORE_EXTERNAL_REGION_MASK WEFT_U64(0x000000FF00000000)
#define WEFT_STORE_EXTERNAL_SPACE_SHIFT 40  /* on-chip memory (load: any; store: scratchpad) */
#define WEFT_STORE_EXTERNAL_SPACE_MASK WEFT_U64(0x0000FF0000000000)
/* load: 0 external memory, 1 fill with the byte below */
#define WEFT_STORE_EXTERNAL_SOURCE_SHIFT 48
#define WEFT_STORE_EXTERNAL_SOURCE_MASK WEFT_U64(0x00FF000000000000)
#define WEFT_STORE_EXTERNAL_FILL_SHIFT 56  /* load: the byte to fill with */
#define WEFT_STORE_EXTERNAL_FILL_MASK WEFT_U64(0xFF00000000000000)

/* STORE: configuration word 1, INTERNAL. */
#define WEFT_STORE_INTERNAL_WORD 1  /* bit of the header's mask */
#define WEFT_STORE_INTERNAL_INT_BASE_SHIFT 0  /* on-chip byte address; wraps in the weight memory */
#define WEFT_STORE_INTERNAL_INT_BASE_MASK WEFT_U64(0x0000000000FFFFFF)
/* bytes of a row, contiguous on both sides; at least 1 */
#define WEFT_STORE_INTERNAL_LENGTH_SHIFT 24
#define WEFT_STORE_INTERNAL_LENGTH_MASK WEFT_U64(0x0000FFFFFF000000)
#define WEFT_STORE_INTERNAL_N1_SHIFT 48  /* rows of a plane; at least 1 */
#define WEFT_STORE_INTERNAL_N1_MASK WEFT_U64(0xFFFF000000000000)

/* STORE: configuration word 2, EXTERNAL_STEP. */
#define WEFT_STORE_EXTERNAL_STEP_WORD 2  /* bit of the header's mask */
/* signed; bytes from row to row in external memory */
#define WEFT_STORE_EXTERNAL_STEP_EXT_STEP1_SHIFT 0
#define WEFT_STORE_EXTERNAL_STEP_EXT_STEP1_MASK WEFT_U64(0x00000000FFFFFFFF)
/* signed; bytes from plane to plane in external memory */
#define WEFT_STORE_EXTERNAL_STEP_EXT_STEP2_SHIFT 32
#define WEFT_STORE_EXTERNAL_STEP_EXT_STEP2_MASK WEFT_U64(0xFFFFFFFF00000000)

/* STORE: configuration word 3, INTERNAL_STEP. */
#define WEFT_STORE_INTERNAL_STEP_WORD 3  /* bit of the header's mask */
#define WEFT_STORE_INTERNAL_STEP_INT_STEP1_SHIFT 0  /* signed; bytes from row to row on chip */
#define WEFT_STORE_INTERNAL_STEP_INT_STEP1_MASK WEFT_U64(0x0000000000FFFFFF)
#define WEFT_STORE_INTERNAL_STEP_INT_STEP2_SHIFT 24  /* signed; bytes from plane to plane on chip */
#define WEFT_STORE_INTERNAL_STEP_INT_STEP2_MASK WEFT_U64(0x0000FFFFFF000000)
#define WEFT_STORE_INTERNAL_STEP_N2_SHIFT 48  /* planes; at least 1 */
#define WEFT_STORE_INTERNAL_STEP_N2_MASK WEFT_U64(0xFFFF000000000000)

/* Pass descriptors in the weight memory. */
#define WEFT_DESCRIPTOR_ROWS_ACTIVE_SHIFT 0  /* bit i: row i of the array takes part */
#define WEFT_DESCRIPTOR_ROWS_ACTIVE_MASK WEFT_U64(0xFFFFFFFFFFFFFFFF)
/* signed; bytes added to the address of every pixel */
#define WEFT_DESCRIPTOR_STREAM_OFFSET_SHIFT 0
#define WEFT_DESCRIPTOR_STREAM_OFFSET_MASK WEFT_U64(0x0000000000FFFFFF)
/* signed; rows added to the input row before it is compared with the bounds */
#define WEFT_DESCRIPTOR_STREAM_DY_SHIFT 24
#define WEFT_DESCRIPTOR_STREAM_DY_MASK WEFT_U64(0x000000FFFF000000)
#define WEFT_DESCRIPTOR_STREAM_DX_SHIFT 40  /* signed; columns added likewise */
#define WEFT_DESCRIPTOR_STREAM_DX_MASK WEFT_U64(0x00FFFF0000000000)
/* convolution: first row, within the pair, that reads this stream */
#define WEFT_DESCRIPTOR_STREAM_FIRST_SHIFT 56
#define WEFT_DESCRIPTOR_STREAM_FIRST_MASK WEFT_U64(0x7F00000000000000)
#define WEFT_DESCRIPTOR_STREAM_ENABLE_SHIFT 63  /* the stream is read */
#define WEFT_DESCRIPTOR_STREAM_ENABLE_MASK WEFT_U64(0x8000000000000000)

#endif /* WEFT_COMMANDS_H */
