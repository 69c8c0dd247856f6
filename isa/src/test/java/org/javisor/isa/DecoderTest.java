// SPDX-License-Identifier: Apache-2.0
package org.javisor.isa;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class DecoderTest {
    private final Instruction insn = new Instruction();

    private int decode(int codeBits, String hex) {
        byte[] code = HexFormat.ofDelimiter(" ").parseHex(hex);
        return Decoder.decode(code, 0, code.length, codeBits, insn);
    }

    private void assertUndefined(int codeBits, String hex) {
        decode(codeBits, hex);
        assertEquals(Mnemonic.UNDEFINED, insn.mnemonic(), hex);
    }

    private void assertDecodes(Mnemonic mnemonic, int codeBits, String hex) {
        assertEquals((hex.length() + 1) / 3, decode(codeBits, hex), hex);
        assertEquals(mnemonic, insn.mnemonic(), hex);
    }

    @Test
    void operandsComeInTheManualsOrder() {
        assertDecodes(Mnemonic.ADD, 64, "48 01 d8");

        assertEquals(Instruction.GPR, insn.kind0);
        assertEquals(0, insn.reg0);
        assertEquals(3, insn.reg1);
        assertEquals(8, insn.bytes0);
    }

    @Test
    void rexCountsOnlyDirectlyBeforeTheOpcode() {
        assertDecodes(Mnemonic.ADD, 64, "48 66 01 d8");

        assertEquals(2, insn.operandBytes);
        assertFalse(insn.has(Instruction.REX_W));
    }

    @Test
    void rexWOverridesTheOperandSizePrefix() {
        assertDecodes(Mnemonic.ADD, 64, "66 48 01 d8");

        assertEquals(8, insn.operandBytes);
    }

    @Test
    void anyRexTurnsHighByteRegistersIntoLowOnes() {
        assertDecodes(Mnemonic.MOV, 64, "88 e0");
        assertEquals(16, insn.reg1);

        assertDecodes(Mnemonic.MOV, 64, "40 88 e0");
        assertEquals(4, insn.reg1);
    }

    @Test
    void repeatPrefixesSelectBeforeOperandSizeAndTheLaterOneWins() {
        assertDecodes(Mnemonic.MOVSS, 64, "f3 66 0f 10 c1");
        assertDecodes(Mnemonic.MOVSD, 64, "f3 f2 0f 10 c1");
        assertDecodes(Mnemonic.MOVUPD, 64, "66 0f 10 c1");
        assertDecodes(Mnemonic.TZCNT, 64, "66 f3 0f bc c1");
        assertEquals(2, insn.bytes0);
        assertDecodes(Mnemonic.BSF, 64, "f2 0f bc c1");
    }

    @Test
    void nopIsAnExchangeOnlyWithRexB() {
        assertDecodes(Mnemonic.NOP, 64, "48 90");
        assertDecodes(Mnemonic.PAUSE, 64, "f3 90");
        assertDecodes(Mnemonic.XCHG, 64, "41 90");
        assertEquals(8, insn.reg0);
        assertUndefined(64, "41 0f 3a 90 c0 00");
        assertDecodes(Mnemonic.XCHG, 64, "93");
        assertEquals(3, insn.reg0);
    }

    @Test
    void lockNeedsAMemoryDestinationAndAnInstructionThatAllowsIt() {
        assertDecodes(Mnemonic.ADD, 64, "f0 01 18");
        assertUndefined(64, "f0 01 d8");
        assertUndefined(64, "f0 03 18");
        assertUndefined(64, "f0 90");
        assertUndefined(64, "f0 39 18");
        assertDecodes(Mnemonic.CMPXCHG8B, 64, "f0 48 0f c7 08");
        assertEquals(16, insn.bytes0);
        assertUndefined(32, "f0 0f 20 c0");
    }

    @Test
    void ripRelativeExistsIn64BitModeAlone() {
        assertDecodes(Mnemonic.MOV, 64, "8b 05 10 00 00 00");
        assertEquals(Instruction.RIP, insn.base);

        assertDecodes(Mnemonic.MOV, 32, "8b 05 10 00 00 00");
        assertEquals(Instruction.ABSENT, insn.base);
    }

    @Test
    void stackSegmentIsTheDefaultForStackAndFramePointer() {
        assertDecodes(Mnemonic.MOV, 32, "8b 45 f0");
        assertEquals(Instruction.SS, insn.segment);
        assertEquals(-16, insn.displacement);

        assertDecodes(Mnemonic.MOV, 32, "3e 8b 45 f0");
        assertEquals(Instruction.DS, insn.segment);

        assertDecodes(Mnemonic.MOV, 16, "8b 42 f0");
        assertEquals(Instruction.SS, insn.segment);
        assertEquals(6, insn.index);

        assertDecodes(Mnemonic.MOV, 64, "41 8b 45 f0");
        assertEquals(Instruction.DS, insn.segment);
    }

    @Test
    void flatSegmentOverridesAreIgnoredIn64BitMode() {
        assertDecodes(Mnemonic.MOV, 64, "65 2e 8b 00");

        assertEquals(Instruction.GS, insn.segment);
    }

    @Test
    void immediatesAreExtendedToTheOperandSize() {
        assertDecodes(Mnemonic.ADD, 64, "48 83 c0 ff");
        assertEquals(-1, insn.immediate);

        assertDecodes(Mnemonic.MOV, 64, "48 b8 88 77 66 55 44 33 22 11");
        assertEquals(0x1122334455667788L, insn.immediate);

        assertDecodes(Mnemonic.ENTER, 64, "c8 ff ff 03");
        assertEquals(0xffff, insn.immediate);
        assertEquals(3, insn.immediate2);
        assertEquals(8, insn.operandBytes);
    }

    @Test
    void farPointersHoldOffsetAndSelector() {
        assertDecodes(Mnemonic.JMP_FAR, 16, "ea 34 f2 78 56");
        assertEquals(0xf234, insn.immediate);
        assertEquals(0x5678, insn.immediate2);
        assertUndefined(64, "ea 34 12 78 56 00 00");
    }

    @Test
    void moffsHasTheSizeOfAnAddress() {
        assertDecodes(Mnemonic.MOV, 64, "a1 88 77 66 55 44 33 22 11");
        assertEquals(0x1122334455667788L, insn.displacement);
        assertDecodes(Mnemonic.MOV, 64, "67 a1 44 33 22 11");
        assertDecodes(Mnemonic.MOV, 16, "a1 22 11");
    }

    @Test
    void nearBranchesAre64BitWhateverThePrefix() {
        assertDecodes(Mnemonic.JMP, 64, "66 e9 fe ff ff ff");
        assertEquals(8, insn.operandBytes);
        assertEquals(-2, insn.immediate);
        assertDecodes(Mnemonic.JMP, 32, "66 e9 fe ff");
    }

    @Test
    void controlRegisterMovesIgnoreMod() {
        assertDecodes(Mnemonic.MOV_CR, 64, "0f 20 04");
        assertEquals(4, insn.reg0);
        assertDecodes(Mnemonic.MOV_CR, 64, "44 0f 22 c0");
        assertEquals(8, insn.reg0);
        assertUndefined(64, "0f 20 c8");
        assertUndefined(64, "44 0f 21 c0");
    }

    @Test
    void segmentRegistersSixAndSevenDoNotExistAndCsCannotBeLoaded() {
        assertUndefined(64, "8e f0");
        assertUndefined(64, "8c f8");
        assertUndefined(64, "8e c8");
        assertDecodes(Mnemonic.MOV_SEG, 64, "8c c8");
    }

    @Test
    void evexPrefixesAreUndefinedAndVexPrefixesAreNotLesAndLds() {
        assertUndefined(32, "62 f1 7c 48 58 c1");
        assertDecodes(Mnemonic.LDS, 32, "c5 38");
        assertDecodes(Mnemonic.BOUND, 16, "62 07");
    }

    @Test
    void vexNamesAThirdRegister() {
        assertDecodes(Mnemonic.ANDN, 64, "c4 62 b0 f2 c1");
        assertEquals(8, insn.reg0);
        assertEquals(9, insn.reg1);
        assertEquals(1, insn.reg2);
        assertEquals(8, insn.bytes0);

        assertDecodes(Mnemonic.ANDN, 32, "c4 e2 b0 f2 c1");
        assertEquals(1, insn.reg1);
        assertEquals(4, insn.bytes0);
    }

    @Test
    void vexRefusesOtherPrefixesAndLength256() {
        assertDecodes(Mnemonic.RORX, 64, "65 67 c4 e3 7b f0 00 05");
        assertUndefined(64, "66 c4 e3 7b f0 00 05");
        assertUndefined(64, "f3 c4 e3 7b f0 00 05");
        assertUndefined(64, "48 c4 e3 7b f0 00 05");
        assertUndefined(64, "f0 c4 e3 7b f0 00 05");
        assertUndefined(64, "c4 e3 7f f0 00 05");
        assertUndefined(64, "c4 e0 7b f0 00 05");
        assertUndefined(64, "c4 e4 7b f0 00 05");
    }

    @Test
    void vexLengthChoosesBetweenXmmAndYmmRegisters() {
        assertDecodes(Mnemonic.VADDPS, 64, "c5 f0 58 c2");
        assertEquals(Instruction.XMM, insn.kind0);
        assertEquals(16, insn.bytes2);

        assertDecodes(Mnemonic.VADDPS, 64, "c5 f4 58 c2");
        assertEquals(Instruction.YMM, insn.kind1);
        assertEquals(32, insn.bytes2);

        assertDecodes(Mnemonic.VADDSS, 64, "c5 f6 58 c2");
        assertEquals(Instruction.XMM, insn.kind0);
    }

    @Test
    void vexLengthAndWidthAreCheckedWhereTheyMatter() {
        assertUndefined(64, "c4 e2 7d 41 c1");
        assertUndefined(64, "c4 e3 79 06 c1 00");
        assertUndefined(64, "c4 e2 fd 16 c1");
        assertUndefined(32, "c4 e2 fd 16 c1");
    }

    @Test
    void anUnusedVexRegisterMustBeAllOnes() {
        assertDecodes(Mnemonic.VSQRTPS, 64, "c5 f8 51 c1");
        assertUndefined(64, "c5 f0 51 c1");
        assertUndefined(64, "c5 b8 51 c1");
        assertUndefined(64, "c5 f0 77");
    }

    @Test
    void aRegisterInTheImmediateByteHasThreeBitsOutside64BitMode() {
        assertDecodes(Mnemonic.VBLENDVPS, 64, "c4 e3 71 4a c2 f5");
        assertEquals(15, insn.reg3);
        assertDecodes(Mnemonic.VBLENDVPS, 32, "c4 e3 71 4a c2 f5");
        assertEquals(7, insn.reg3);
    }

    @Test
    void gathersHaveAVectorIndexAndThreeDifferentRegisters() {
        assertDecodes(Mnemonic.VGATHERDPS, 64, "c4 e2 75 92 04 a3");
        assertEquals(4, insn.index);
        assertEquals(32, insn.indexBytes);
        assertEquals(4, insn.bytes1);
        assertDecodes(Mnemonic.VGATHERDPD, 64, "c4 e2 f5 92 04 a3");
        assertEquals(16, insn.indexBytes);
        assertUndefined(64, "c4 e2 5d 92 04 a3");
        assertUndefined(64, "c4 e2 7d 92 04 a3");
        assertUndefined(64, "c4 e2 75 92 24 a3");
        assertUndefined(64, "c4 e2 75 92 03");
        assertUndefined(32, "67 c4 e2 75 92 04 a3");
    }

    @Test
    void hintSpaceIsNop() {
        assertDecodes(Mnemonic.HINT_NOP, 64, "f3 0f 1e fa");
        assertDecodes(Mnemonic.HINT_NOP, 64, "0f 18 f8");
        assertDecodes(Mnemonic.NOP, 64, "66 0f 1f 84 00 00 00 00 00");
        assertDecodes(Mnemonic.PREFETCHT0, 64, "0f 18 08");
    }

    @Test
    void fifteenBytesAreAnInstructionAndSixteenAreTooMany() {
        byte[] code = new byte[64];
        Arrays.fill(code, (byte) 0x66);
        code[14] = (byte) 0x90;
        assertEquals(15, Decoder.decode(code, 0, 64, 64, insn));

        code[14] = 0x66;
        code[15] = (byte) 0x90;
        assertEquals(Decoder.TOO_LONG, Decoder.decode(code, 0, 64, 64, insn));
        assertEquals(Decoder.TOO_LONG, Decoder.decode(code, 0, 15, 64, insn));
        assertEquals(Decoder.NEEDS_MORE, Decoder.decode(code, 0, 14, 64, insn));
    }

    @Test
    void everyPrefixOfAnInstructionNeedsMore() {
        byte[] code = HexFormat.of().parseHex("66410f3a0f84880000008007");
        assertEquals(code.length, Decoder.decode(code, 0, code.length, 64, insn));
        for (int limit = 0; limit < code.length; limit++) {
            assertEquals(Decoder.NEEDS_MORE, Decoder.decode(code, 0, limit, 64, insn));
        }
    }

    @Test
    void aDecodedInstructionKeepsNothingOfTheOneBefore() {
        decode(64, "65 48 8b 84 88 44 33 22 11");
        decode(64, "c3");

        assertEquals(Instruction.NONE, insn.kind0);
        assertEquals(0, insn.displacement);
        assertEquals(0, insn.prefixes);
        assertTrue(insn.row.has(OpcodeRow.Attribute.ENDS_BLOCK));
    }
}
