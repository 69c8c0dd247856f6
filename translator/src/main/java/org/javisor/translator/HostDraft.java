// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import org.javisor.cpu.BlockTranslator;
import org.javisor.cpu.CodeImage;

/// The host code of a translation before it has a place, and what is to be kept of it when it has.
///
/// @param marks     as of [Emission#marks]
/// @param headImage of the first block
/// @param image     of all, or null if nothing is kept
/// @param kept      the code, knowing what depends on the place of the kernel
record HostDraft(Relocatable code, int[] marks, CodeImage headImage, CodeImage image, Relocatable kept)
        implements BlockTranslator.Draft {
    /// Nothing of it is kept.
    static HostDraft of(Emission emission, int[] translated) {
        return new HostDraft(Relocatable.of(emission, translated, 0), emission.marks(), null, null, null);
    }

    HostDraft keeping(CodeImage head, CodeImage whole, Relocatable kept) {
        return new HostDraft(code, marks, head, whole, kept);
    }
}
