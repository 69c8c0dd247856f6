// SPDX-License-Identifier: Apache-2.0

/// An x86-64 processor in software.
///
/// From outside it is a [Cpu], plugged into a [CpuEnvironment]: [Cpu#run] executes guest code until there is
/// a [CpuExit], other threads ask for things with [Requests]. The processors of a machine share a [CpuGroup].
/// What a processor is made out to be is a [CpuidModel] of [CpuFeature]s and an [MsrTable]; [CpuRegisters]
/// reads and writes its state while it stands still.
///
/// Inside:
///
/// - **state**: [CpuLayout] (off-heap: registers, lazy [Flags], TLBs), [Segments], [SystemRegisters],
///   [ControlRegisters], [Debug], [X87];
/// - **running**: [RunLoop] executes [Block]s of [Insn]s, which [InstructionDecoder] makes and [CodeCache]
///   keeps by page; [Dispatch] is what it calls;
/// - **memory**: [Mmu] with its [Tlb]s ([AddressSpaces]), [TlbFill] and [PageWalker] behind it, [Bus] for what is
///   no memory;
/// - **events**: a [GuestFault] is thrown by a handler, [Exceptions] delivers it;
/// - **handlers**: one file for each kind of instruction, all bound in [Bindings]: integers ([Arithmetic] to
///   [Strings]), system ([SegmentInstructions] to [ExtendedState]), x87 (`X87…`), MMX and SSE (`Lane…`,
///   `Vector…`, `Simd…`, `Float…`, [Aes], [Sha], ...).
///
/// A handler leaves no trace if it faults: it does nothing that cannot be undone before its last access that
/// can. It does not allocate.
///
/// A processor is confined to the thread that runs it, but for requests. Floating-point arithmetic has a
/// package of its own, `fp`.
package org.javisor.cpu;
