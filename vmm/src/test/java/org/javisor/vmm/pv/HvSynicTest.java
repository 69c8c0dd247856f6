// SPDX-License-Identifier: Apache-2.0
package org.javisor.vmm.pv;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HvSynicTest {
    private static final int SINT = 2, VECTOR = 0x52, MASKED = 1 << 16, AUTO_EOI = 1 << 17, POLLING = 1 << 18;
    private static final String INTERRUPT = "interrupt 0 4052";

    private final HvRig rig = new HvRig();
    private final HvConnections.MessagePort port = rig.partition.messagePort(0, SINT);

    @AfterEach
    void close() {
        rig.close();
    }

    private static HvMessage message(int n) {
        return new HvMessage(n, 0x77, new byte[] {(byte) n, 0, 0, 0, 0, 0, 0, 0});
    }

    @Test
    void registersAreAsAfterPowerOn() {
        assertEquals(1, rig.read(HvProcessor.SVERSION));
        assertFalse(rig.write(HvProcessor.SVERSION, 1));
        assertEquals(0, rig.read(HvRig.EOM));
        for (int n = 0; n < 16; n++) {
            assertEquals(MASKED, rig.read(HvRig.SINT0 + n));
        }
    }

    @Test
    void aSourceNeedsALegalVectorUnlessMasked() {
        assertFalse(rig.write(HvRig.SINT0 + SINT, 15));
        assertTrue(rig.write(HvRig.SINT0 + SINT, MASKED));
        assertTrue(rig.write(HvRig.SINT0 + SINT, 16));
        assertEquals(16, rig.read(HvRig.SINT0 + SINT));
    }

    @Test
    void pagesAreMemoryAndBeginEmpty() {
        rig.memory().storeLong(HvRig.MESSAGES + 0xff8, 7);
        assertTrue(rig.write(HvRig.SIMP, HvRig.MESSAGES | 1));
        assertEquals(0, rig.memory().loadLong(HvRig.MESSAGES + 0xff8));
        assertFalse(rig.write(HvRig.SIMP, FakeMachine.RAM_BYTES | 1));
        assertFalse(rig.write(HvRig.SIEFP, -1));
        assertTrue(rig.write(HvRig.SIEFP, FakeMachine.RAM_BYTES), "not in use");
        assertEquals(HvRig.MESSAGES | 1, rig.read(HvRig.SIMP));
    }

    @Test
    void whoRestoresAPageDoesNotEmptyIt() {
        rig.memory().storeLong(HvRig.MESSAGES, 7);
        rig.it.owner = true;
        rig.write(HvRig.SIMP, HvRig.MESSAGES | 1);
        assertEquals(7, rig.memory().loadLong(HvRig.MESSAGES));
    }

    @Test
    void aMessageLiesInItsSlot() {
        rig.enableSynic();

        assertEquals(HvStatus.SUCCESS, port.post(message(5)));

        assertEquals(5, rig.type(SINT));
        assertEquals(8, rig.memory().loadByte(HvRig.MESSAGES + 256 * SINT + 4));
        assertEquals(0x77, rig.memory().loadLong(HvRig.MESSAGES + 256 * SINT + 8));
        assertEquals(5, rig.payload(SINT, 0));
        assertFalse(rig.pending(SINT));
        assertEquals(List.of(INTERRUPT), rig.asked());
    }

    @Test
    void messagesWaitInTheirOrderForTheSlot() {
        rig.enableSynic();
        for (int n = 1; n <= 3; n++) {
            assertEquals(HvStatus.SUCCESS, port.post(message(n)));
        }
        assertEquals(1, rig.type(SINT));
        for (int n = 1; n <= 3; n++) {
            assertEquals(n, rig.type(SINT));
            assertEquals(n, rig.payload(SINT, 0));
            assertEquals(n < 3, rig.pending(SINT));
            rig.take(SINT);
        }
        assertEquals(0, rig.type(SINT));
        assertEquals(List.of(INTERRUPT, INTERRUPT, INTERRUPT), rig.asked());
    }

    @Test
    void theEndOfItsInterruptSaysTooThatTheSlotIsEmpty() {
        rig.enableSynic();
        port.post(message(1));
        port.post(message(2));
        assertTrue(rig.it.synthetic.watches(VECTOR));
        rig.memory().storeInt(HvRig.MESSAGES + 256 * SINT, 0);

        rig.it.synthetic.ended(VECTOR);

        assertEquals(2, rig.type(SINT));
        assertFalse(rig.it.synthetic.watches(VECTOR + 1));
    }

    @Test
    void onlySoManyMessagesWait() {
        rig.enableSynic();
        int accepted = 0;
        while (accepted < 1000 && port.post(message(1)) == HvStatus.SUCCESS) {
            accepted++;
        }
        assertEquals(17, accepted);
        assertEquals(HvStatus.INSUFFICIENT_BUFFERS, port.post(message(1)));
    }

    @Test
    void nothingIsSentThroughASynicThatIsOff() {
        assertEquals(HvStatus.INVALID_SYNIC_STATE, port.post(message(1)));
        rig.enableSynic();
        rig.write(HvRig.SIMP, 0);
        assertEquals(HvStatus.INVALID_SYNIC_STATE, port.post(message(1)));
        assertEquals(List.of(), rig.asked());
    }

    @Test
    void aMaskedSourceWaitsUntilItIsNot() {
        rig.enableSynic();
        rig.write(HvRig.SINT0 + SINT, VECTOR | MASKED);
        assertEquals(HvStatus.SUCCESS, port.post(message(1)));
        assertEquals(0, rig.type(SINT));
        assertFalse(rig.partition.raise(0, SINT));

        rig.write(HvRig.SINT0 + SINT, VECTOR);

        assertEquals(1, rig.type(SINT));
        assertEquals(List.of(INTERRUPT), rig.asked());
    }

    @Test
    void aPolledSourceGetsMessagesAndNoInterrupts() {
        rig.enableSynic();
        rig.write(HvRig.SINT0 + SINT, VECTOR | POLLING);
        port.post(message(1));
        assertEquals(1, rig.type(SINT));
        assertEquals(List.of(), rig.asked());
    }

    @Test
    void vectorsThatEndByThemselvesAreKnown() {
        rig.write(HvRig.SINT0 + 3, 0x61 | AUTO_EOI);
        assertTrue(rig.it.synthetic.endsItself(0x61));
        assertFalse(rig.it.synthetic.endsItself(VECTOR));
        rig.write(HvRig.SINT0 + 3, 0x61 | AUTO_EOI | MASKED);
        assertFalse(rig.it.synthetic.endsItself(0x61));
    }

    @Test
    void aFlagInterruptsWhenItWasNotSet() {
        rig.enableSynic();
        HvConnections.EventPort flag = rig.partition.eventPort(0, SINT, 0x123);

        assertEquals(HvStatus.SUCCESS, flag.signal());
        assertEquals(HvStatus.SUCCESS, flag.signal());

        assertEquals(1L << (0x123 & 63), rig.memory().loadLong(HvRig.EVENTS + 256 * SINT + 0x123 / 64 * 8));
        assertEquals(List.of(INTERRUPT), rig.asked());
        rig.write(HvRig.SCONTROL, 0);
        assertEquals(HvStatus.INVALID_SYNIC_STATE, flag.signal());
    }

    @Test
    void memoryThatIsTakenAwayUnderThePagesHurtsNobody() {
        rig.enableSynic();
        rig.memory().removeSlot(0);

        assertEquals(HvStatus.SUCCESS, port.post(message(1)));
        assertEquals(HvStatus.SUCCESS, rig.partition.eventPort(0, SINT, 5).signal());
        rig.write(HvRig.EOM, 0);
        rig.it.synthetic.ended(VECTOR);
        assertEquals(List.of(), rig.asked());
    }

    @Test
    void sourcesInterruptWhomTheyAreTold() {
        rig.secondProcessor().write(HvRig.SINT0 + SINT, 0x99);
        assertTrue(rig.partition.raise(1, SINT));
        assertEquals(List.of("interrupt 1 4099"), rig.asked());
        assertFalse(rig.partition.raise(2, SINT), "no such processor");
        assertFalse(rig.partition.raise(-1, SINT));
        assertFalse(rig.partition.raise(0, 16));
        assertThrows(IllegalArgumentException.class, () -> rig.partition.messagePort(0, 16));
        assertThrows(IllegalArgumentException.class, () -> rig.partition.messagePort(7, 0));
        assertThrows(IllegalArgumentException.class, () -> rig.partition.eventPort(0, 0, 2048));
    }
}
