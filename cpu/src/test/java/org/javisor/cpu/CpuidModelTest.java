// SPDX-License-Identifier: Apache-2.0
package org.javisor.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.javisor.isa.Feature;
import org.javisor.isa.Mnemonic;
import org.javisor.isa.OpcodeMaps;
import org.javisor.isa.OpcodeRow;
import org.junit.jupiter.api.Test;

/// CPUID says what is so.
class CpuidModelTest {
    private static final CpuidModel.State STATE = state(1_000_000);

    private static CpuidModel.State state(int tscKhz) {
        return new CpuidModel.State() {
            @Override
            public int apicId() {
                return 5;
            }

            @Override
            public boolean apicEnabled() {
                return true;
            }

            @Override
            public boolean osProtectionKeys() {
                return false;
            }

            @Override
            public boolean osXsave() {
                return true;
            }

            @Override
            public int tscKhz() {
                return tscKhz;
            }

            @Override
            public long xcr0() {
                return 3;
            }

            @Override
            public long xss() {
                return 0;
            }

            @Override
            public boolean in64BitMode() {
                return true;
            }

            @Override
            public boolean leavesLimited() {
                return false;
            }

            @Override
            public boolean executeDisableOff() {
                return false;
            }
        };
    }

    private static int[] query(CpuidModel model, int leaf, int subleaf) {
        int[] answer = new int[4];
        model.query(leaf, subleaf, STATE, answer);
        return answer;
    }

    private static String text(int... words) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * words.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int word : words) {
            bytes.putInt(word);
        }
        return new String(bytes.array(), StandardCharsets.US_ASCII);
    }

    @Test
    void everyAnnouncedInstructionHasAHandler() {
        CpuidModel model = CpuidModel.builder().build();
        Bindings bindings = new Bindings();
        List<String> missing = new ArrayList<>();
        for (OpcodeRow row : OpcodeMaps.rows()) {
            if (model.has(row.feature()) && row.mnemonic() != Mnemonic.UNDEFINED
                    && !bindings.binds(row.mnemonic())) {
                missing.add(row.mnemonic().name());
            }
        }
        assertEquals(List.of(), missing);
    }

    @Test
    void everyFeatureIsAnnouncedWhereItsRowSays() {
        CpuidModel model = CpuidModel.builder().build();
        for (CpuFeature feature : CpuFeature.values()) {
            int word = query(model, feature.leaf, feature.subleaf)[feature.register];
            assertTrue((word >>> feature.bit & 1) != 0, feature.name());
        }
    }

    @Test
    void noTwoFeaturesShareABit() {
        long distinct = Arrays.stream(CpuFeature.values())
                .map(f -> List.of(f.leaf, f.subleaf, f.register, f.bit)).distinct().count();
        assertEquals(CpuFeature.values().length, distinct);
    }

    @Test
    void aFeatureTakesThoseAlongThatNeedIt() {
        CpuidModel model = CpuidModel.builder().without(CpuFeature.SSE2).build();
        assertFalse(model.has(CpuFeature.SSE4_2));
        assertFalse(model.has(Feature.AES));
        assertTrue(model.has(Feature.SSE));
        assertEquals(0, query(model, 1, 0)[3] >>> 26 & 1);
    }

    @Test
    void featuresAreFoundByNameInAnyCase() {
        assertEquals(CpuFeature.LA57, CpuFeature.named("la57"));
        assertThrows(IllegalArgumentException.class, () -> CpuFeature.named("la58"));
    }

    @Test
    void vendorBrandAndHypervisorAreNamed() {
        CpuidModel model = CpuidModel.builder().build();
        int[] vendor = query(model, 0, 0);
        assertEquals("GenuineIntel", text(vendor[1], vendor[3], vendor[2]));
        int[] hypervisor = query(model, 0x4000_0000, 0);
        assertEquals("JavisorJavis", text(hypervisor[1], hypervisor[2], hypervisor[3]));
        assertTrue(text(query(model, 0x8000_0002, 0)).startsWith("Javisor"));
    }

    @Test
    void leavesBeyondTheLastAnswerAsTheLastBasicOne() {
        CpuidModel model = CpuidModel.builder().cpus(4).build();
        assertEquals(List.of(2, 4, 0x201, 5), boxed(query(model, 0x1f, 1)));
        assertEquals(boxed(query(model, 0x1f, 1)), boxed(query(model, 0x7777, 1)));
        assertEquals(boxed(query(model, 0x1f, 1)), boxed(query(model, 0x8000_1234, 1)));
    }

    private static List<Integer> boxed(int[] values) {
        return Arrays.stream(values).boxed().toList();
    }

    @Test
    void topologyCoversEveryProcessor() {
        for (int cpus : new int[] {1, 2, 3, 8, 16}) {
            CpuidModel model = CpuidModel.builder().cpus(cpus).build();
            int shift = query(model, 0xb, 1)[0];
            assertTrue(1 << shift >= cpus && 1 << shift < 2 * cpus, cpus + " processors");
            assertEquals(cpus > 1 ? 1 : 0, query(model, 1, 0)[3] >>> 28 & 1);
            assertEquals(5, query(model, 0xb, 0)[3]);
        }
    }

    @Test
    void theCounterRunsAtAGigahertz() {
        int[] leaf = query(CpuidModel.builder().build(), 0x15, 0);
        assertEquals(CpuidModel.TSC_HZ, (long) leaf[2] * leaf[1] / leaf[0]);
    }

    /// Linux takes the product of kilohertz and numerator in 32 bits.
    @Test
    void ofOtherSpeedsWhatFitsIsTold() {
        CpuidModel model = CpuidModel.builder().build();
        int[] leaf = new int[4];
        model.query(0x15, 0, state(2_600_000), leaf);
        assertEquals(2_600_000L, (leaf[2] / 1000L * leaf[1] & 0xffff_ffffL) / leaf[0]);

        int[] odd = new int[4];
        model.query(0x15, 0, state(2_596_129), odd);
        assertEquals(List.of(0, 0, 0, 0), boxed(odd));
    }

    @Test
    void xsaveSizesAreThoseOfTheAreas() {
        int[] leaf = query(CpuidModel.builder().build(), 0xd, 0);
        assertEquals(List.of(0x207, 576, 840, 0), boxed(leaf));
        assertEquals(List.of(256, 576, 0, 0), boxed(query(CpuidModel.builder().build(), 0xd, 2)));
        CpuidModel without = CpuidModel.builder().without(CpuFeature.AVX).without(CpuFeature.PKU).build();
        assertEquals(List.of(3, 576, 576, 0), boxed(query(without, 0xd, 0)));
        assertEquals(List.of(0, 0, 0, 0), boxed(query(without, 0xd, 2)));
        assertEquals(576, query(CpuidModel.builder().build(), 0xd, 1)[1]);
    }

    @Test
    void linearAddressesAreAsWideAsConfigured() {
        assertEquals(57 << 8 | CpuidModel.PHYSICAL_ADDRESS_BITS, query(CpuidModel.builder().build(), 0x8000_0008,
                0)[0]);
        CpuidModel narrow = CpuidModel.builder().without(CpuFeature.LA57).build();
        assertEquals(48 << 8 | CpuidModel.PHYSICAL_ADDRESS_BITS, query(narrow, 0x8000_0008, 0)[0]);
    }
}
