// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.javisor.isa.Instruction;
import org.javisor.isa.Mnemonic;
import org.javisor.isa.OpcodeRow;

/// Blocks of one page, and the host code for them. It is entered at its first block alone.
///
/// Its instructions are numbered through, in *pieces*: straight runs that are only entered at their beginning. A piece
/// is a block, or what of it is before the beginning of another one.
public final class Translation {
    private static final int UNKNOWN = -1;
    /// After so many exits at an instruction what follows it is worth a translation of its own.
    private static final int OFTEN = 8;
    /// After so many exits of that kind accesses are checked one by one.
    private static final int TOO_OFTEN = 32;
    /// Found executing so often, it is worth being made again.
    private static final int HOT = 2;

    /// @param first the number of its first instruction
    private record Piece(Block block, int first, int length) {
        int end() {
            return block.insns[length - 1].end;
        }
    }

    private final int number;
    private final boolean busLocksLeave;
    private final long rip;
    private final List<Block> blocks;
    private KeptCode.Entry kept;
    private boolean second;
    private final List<Piece> pieces = new ArrayList<>();
    /// By number of an instruction.
    private final Insn[] insns;
    private final byte[] pieceOf;
    /// How often host code stopped there, up to [#OFTEN]; processors that count at once may lose some.
    private final byte[] stops;
    /// How often because what is checked at once was in two pages, up to [#TOO_OFTEN].
    private final byte[] straddles;

    private long entry;
    /// By piece: how many of its instructions have host code.
    private int[] translated;
    private int count = UNKNOWN;
    private int[] targets = {};
    private int[] callers = {};
    private int vectorNeed;
    private boolean usesX87;
    /// How often it was found executing, up to [#HOT]; processors that count at once may lose some.
    private int samples;
    /// Nothing leads here any more. Guarded by [Translations].
    boolean dropped;

    /// @param blocks        of one page
    /// @param rip           where the first block was found
    /// @param kept          host code that an earlier run made of these blocks, or null
    /// @param busLocksLeave as of [#busLocksLeave]
    /// @param second        as of [#isSecond]
    Translation(int number, List<Block> blocks, long rip, KeptCode.Entry kept, boolean busLocksLeave, boolean second) {
        this.second = second;
        this.busLocksLeave = busLocksLeave;
        this.number = number;
        this.rip = rip;
        this.blocks = blocks;
        this.kept = kept;
        int first = 0;
        for (Block block : blocks) {
            int length = length(block, blocks);
            pieces.add(new Piece(block, first, length));
            first += length;
        }
        insns = new Insn[first];
        pieceOf = new byte[first];
        stops = new byte[first];
        straddles = new byte[first];
        for (int p = 0; p < pieces.size(); p++) {
            Piece piece = pieces.get(p);
            System.arraycopy(piece.block.insns, 0, insns, piece.first, piece.length);
            Arrays.fill(pieceOf, piece.first, piece.first + piece.length, (byte) p);
        }
    }

    /// How many instructions of `block` there are before the beginning of another.
    private static int length(Block block, List<Block> blocks) {
        int length = block.insns.length;
        for (Block other : blocks) {
            for (int i = 0; i + 1 < length; i++) {
                // What is behind STI stays with it, because no interrupt may come between.
                if (block.insns[i].end == other.start && block.insns[i].row.mnemonic() != Mnemonic.STI) {
                    length = i + 1;
                }
            }
        }
        return length;
    }

    /// Whether it is of the second tier: of code that is executed much, so that it is worth more work.
    public boolean isSecond() {
        return second;
    }

    /// An earlier run has made it one of the second tier.
    public void restoredSecond() {
        second = true;
    }

    /// Counts that it was found executing.
    ///
    /// @return whether it has now been found often enough to be made again
    boolean becomesHot() {
        return samples < HOT && ++samples == HOT && !second && head().tail == null;
    }

    /// Which it is in exits.
    public int number() {
        return number;
    }

    /// RIP of the first instruction where it was translated. Other mappings of the page execute it elsewhere.
    public long rip() {
        return rip;
    }

    /// Whether it is for CPL 0, else for the other levels.
    public boolean atCpl0() {
        return (head().decodeMode & InstructionDecoder.SUPERVISOR) != 0;
    }

    /// Whether calls and returns look at a shadow stack.
    public boolean shadowed() {
        return (head().decodeMode & InstructionDecoder.SHADOWED) != 0;
    }

    /// Whether it has to be seen when a LOCKed access crosses a cache line, which host code does not see.
    public boolean busLocksLeave() {
        return busLocksLeave;
    }

    /// Whether indirect branches must lead to ENDBR.
    public boolean tracked() {
        return (head().decodeMode & InstructionDecoder.TRACKED) != 0;
    }

    /// Whether it counts what it executes in RETIRED.
    public boolean countsEvents() {
        return (head().decodeMode & InstructionDecoder.COUNTED) != 0;
    }

    /// Size of addresses, of return addresses, and of what most instructions push, in bytes: 8 in 64-bit code, else 4.
    public int wordBytes() {
        return insns[0].codeBits / 8;
    }

    public int size() {
        return insns.length;
    }

    public Instruction instruction(int index) {
        return insns[index];
    }

    /// Offset in the page of the byte behind an instruction; in the next page, if it is in two.
    public int end(int index) {
        return insns[index].end;
    }

    /// Offset in the page of the first instruction.
    public int start() {
        return head().start;
    }

    /// Offset in the page of an instruction.
    public int offset(int index) {
        return insns[index].end - insns[index].length;
    }

    /// Whether the page fault of its access is all that can be wrong with an instruction that was begun.
    public boolean faultsAtOnce(int index) {
        return MissedAccess.isOnlyAccess(insns[index]);
    }

    // ---- pieces ----

    public int pieces() {
        return pieces.size();
    }

    /// The number of a piece's first instruction.
    public int first(int piece) {
        return pieces.get(piece).first;
    }

    /// How many instructions a piece has.
    public int length(int piece) {
        return pieces.get(piece).length;
    }

    /// The piece that starts at an offset in the page, or -1.
    public int pieceAt(int offset) {
        for (int p = 0; p < pieces.size(); p++) {
            if (pieces.get(p).block.start == offset) {
                return p;
            }
        }
        return -1;
    }

    /// How often a piece was executed before it was translated, as far as that was counted.
    public int weight(int piece) {
        return pieces.get(piece).block.interpreted;
    }

    int pieceOf(int index) {
        return pieceOf[index];
    }

    // ---- what is checked at once ----

    /// Whether what instruction `index` accesses is to be checked alone: it has been in another page than what it was
    /// checked with too often.
    public boolean isSeparate(int index) {
        return head().page.isSeparate(offset(index));
    }

    /// Counts an exit because of that.
    ///
    /// @return whether it is the last one that is put up with
    boolean straddlesOften(int index) {
        return straddles[index] < TOO_OFTEN && ++straddles[index] == TOO_OFTEN;
    }

    // ---- blocks ----

    Block head() {
        return pieces.getFirst().block;
    }

    List<Block> blocks() {
        return blocks;
    }

    /// Whether none of its blocks has changed.
    boolean isValid() {
        for (Block block : blocks) {
            if (!block.valid) {
                return false;
            }
        }
        return true;
    }

    /// The block that an instruction is part of.
    Block block(int index) {
        return pieces.get(pieceOf[index]).block;
    }

    /// Which instruction of its block one is.
    int inBlock(int index) {
        return index - pieces.get(pieceOf[index]).first;
    }

    /// The guest bytes from the first instruction to the end of the piece that ends last.
    public int length() {
        int end = 0;
        for (Piece piece : pieces) {
            end = Math.max(end, piece.end());
        }
        return end - start();
    }

    // ---- what is kept ----

    /// Host code that an earlier run made of the same, or null: until it is complete.
    public KeptCode.Entry kept() {
        return kept;
    }

    /// Whether the code of its page has changed seldom, so that the same may be there in another run.
    public boolean isSteady() {
        return head().page.isSteady();
    }

    /// What it is made of: all that decides about its host code.
    ///
    /// @param logged  as of [BlockTranslator#translate]
    /// @param counted likewise
    public CodeImage image(boolean logged, boolean counted) {
        return CodeImage.of(blocks, logged, counted, busLocksLeave);
    }

    /// What its first block is made of: by that it is found.
    public CodeImage headImage(boolean logged, boolean counted) {
        return CodeImage.of(blocks.subList(0, 1), logged, counted, busLocksLeave);
    }

    /// The same, had the kernel been `distance` bytes further up; only to be looked at.
    public Translation moved(int distance) {
        return new Translation(number, blocks.stream().map(block -> block.moved(distance)).toList(), rip, null,
                busLocksLeave, second);
    }

    // ---- what was translated ----

    /// Completes it.
    ///
    /// @param hostEntry         host address of the code
    /// @param translatedByPiece how many of the instructions of each piece have host code
    /// @param hostTargets       offsets in the page, by index of a [BlockTranslator#TARGET] exit
    /// @param hostCallers       by the same index: the CALL that has pushed a return address, or -1
    public void complete(long hostEntry, int[] translatedByPiece, int[] hostTargets, int[] hostCallers) {
        vectorNeed = vectorNeed(translatedByPiece);
        usesX87 = usesX87(translatedByPiece);
        translated = translatedByPiece;
        count = 0;
        for (int byPiece : translatedByPiece) {
            count += byPiece;
        }
        targets = hostTargets;
        callers = hostCallers;
        entry = hostEntry;
        kept = null;
    }

    /// What the instructions that have host code need of VECTORS, see [VectorNeed]. Such code sees to it at its entry.
    public int vectorNeed(int[] translatedByPiece) {
        int need = 0;
        for (int i = 0; i < insns.length; i++) {
            need |= inBlock(i) < translatedByPiece[pieceOf[i]] ? VectorNeed.of(insns[i]) : 0;
        }
        return need;
    }

    /// Whether they need the x87 registers, of which MMX's are a part. Such code checks X87 at its entry.
    public boolean usesX87(int[] translatedByPiece) {
        boolean uses = false;
        for (int i = 0; i < insns.length; i++) {
            uses |= inBlock(i) < translatedByPiece[pieceOf[i]] && usesX87(insns[i]);
        }
        return uses;
    }

    private static boolean usesX87(Instruction insn) {
        return insn.row.map() == OpcodeRow.X87 || insn.mnemonic() == Mnemonic.FWAIT
                || insn.mnemonic() == Mnemonic.EMMS || insn.row.hasMmx();
    }

    int vectorNeed() {
        return vectorNeed;
    }

    boolean usesX87() {
        return usesX87;
    }

    /// 0 if it could not be translated.
    public long entry() {
        return entry;
    }

    /// How many instructions have host code. 0 if not even the first.
    public int count() {
        return count;
    }

    /// Whether an instruction has host code.
    boolean translates(int index) {
        return inBlock(index) < translated[pieceOf[index]];
    }

    /// How many instructions are counted but not done when host code stops before one of them: those behind it in its
    /// piece, and itself.
    int ahead(int index) {
        return ahead(index, translated);
    }

    /// The same while host code is being written.
    ///
    /// @param translatedByPiece how many instructions of each piece have host code
    public int ahead(int index, int[] translatedByPiece) {
        return translatedByPiece[pieceOf[index]] - inBlock(index);
    }

    /// Whether the piece of an instruction ends in a branch that has host code.
    boolean isBeforeBranch(int index) {
        int piece = pieceOf[index];
        return endsInBranch(piece, translated[piece]);
    }

    /// Whether the last of the instructions of a piece that have host code is a branch.
    public boolean endsInBranch(int piece, int translatedInstructions) {
        return translatedInstructions == length(piece)
                && PerformanceMonitor.isBranch(insns[first(piece) + length(piece) - 1]);
    }

    /// Counts an exit at an instruction.
    ///
    /// @return whether what comes behind it had better be a block of its own
    boolean isolates(int index) {
        return !translates(index) || stops[index] == OFTEN || ++stops[index] == OFTEN;
    }

    /// The CALL whose target the exit with this index is, or -1.
    int caller(int index) {
        return callers[index];
    }

    int target(int index) {
        return targets[index];
    }
}
