// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.net;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// The checksum of IP, TCP and UDP: the ones' complement sum of 16-bit words.
///
/// Eight bytes are summed at a time: ones' complement addition may be done in any width and folded at the end.
///
/// @rfc 1071 "Computing the Internet Checksum"
public final class InternetChecksum {
    private static final VarHandle INTS =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final long WORD = 0xffff_ffffL;

    private InternetChecksum() { }

    /// The sum of `length` bytes from `from`, an odd one padded with zero.
    ///
    /// @param start a sum to go on from
    /// @return 0 to 0xffff; not complemented
    public static int sum(byte[] bytes, int from, int length, int start) {
        long sum = start & WORD;
        int at = from;
        int end = from + length;
        for (; at <= end - 4; at += 4) {
            sum += (int) INTS.get(bytes, at) & WORD;
        }
        for (; at <= end - 2; at += 2) {
            sum += (bytes[at] & 0xff) << 8 | bytes[at + 1] & 0xff;
        }
        if (at < end) {
            sum += (bytes[at] & 0xff) << 8;
        }
        return fold(sum);
    }

    private static int fold(long sum) {
        long folded = (sum & WORD) + (sum >>> 32);
        folded = (folded & 0xffff) + (folded >>> 16);
        folded = (folded & 0xffff) + (folded >>> 16);
        return (int) ((folded & 0xffff) + (folded >>> 16));
    }

    /// The sum of the pseudo header that TCP and UDP put before themselves.
    ///
    /// @param packet    holds an IP header at `ip`
    /// @param version   4 or 6
    /// @param protocol  6 for TCP, 17 for UDP
    /// @param bytes     the length of the segment with its header
    public static int pseudoHeader(byte[] packet, int ip, int version, int protocol, int bytes) {
        int addresses = version == 4 ? sum(packet, ip + 12, 8, 0) : sum(packet, ip + 8, 32, 0);
        return fold((long) addresses + protocol + (bytes & 0xffff) + (bytes >>> 16));
    }
}
