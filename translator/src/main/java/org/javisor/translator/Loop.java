// SPDX-License-Identifier: Apache-2.0
package org.javisor.translator;

import java.util.BitSet;

/// Pieces that lead back to a first one.
///
/// @param head    the first
/// @param pieces  all of them
/// @param written the guest registers that they may change, as bits
/// @param steady  whether nothing else leads into it, and no instruction of it may change how addresses are translated
record Loop(int head, BitSet pieces, int written, boolean steady) { }
