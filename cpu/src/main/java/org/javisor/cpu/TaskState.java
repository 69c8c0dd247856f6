// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

/// Where things are in a task-state segment.
///
/// ```
///       16-bit                 32-bit                       64-bit
///    0  link                   link                         reserved
///    2  SP0 SS0 .. SP2 SS2  4  ESP0 SS0 .. ESP2 SS2      4  RSP0 RSP1 RSP2
///   14  IP                 28  CR3                      36  IST1 .. IST7
///   16  FLAGS              32  EIP
///   18  AX CX .. SI DI     36  EFLAGS
///   34  ES CS SS DS        40  EAX ECX .. ESI EDI
///   42  LDT                72  ES CS SS DS FS GS
///                          96  LDT
///                         100  T (bit 0), I/O map base     102  I/O map base
/// ```
///
/// @sdm vol. 3A §8.2.1 "Task-State Segment (TSS)", §8.6 "16-Bit Task-State Segment (TSS)"
final class TaskState {
    /// The least limit of a TSS that holds a whole task.
    static final int LIMIT16 = 43, LIMIT32 = 103;
    static final int LINK = 0;
    static final int CR3 = 28;
    static final int DEBUG_TRAP = 100;
    /// Of 32- and 64-bit ones.
    static final int IO_MAP = 102;

    private TaskState() { }
}
