// SPDX-License-Identifier: Apache-2.0
package org.javisor.app.vnc;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.javisor.memory.ConfigurationException;

/// Where a VNC server is, as people write it.
public final class VncAddress {
    /// A bare number below this is a display, as VNC counts them.
    private static final int DISPLAYS = 100;
    private static final int FIRST_PORT = 5900;

    private VncAddress() { }

    /// DISPLAY or PORT on the loopback interface, or HOST:PORT.
    static InetSocketAddress toListen(String where) throws IOException {
        int colon = where.lastIndexOf(':');
        int number = number(where.substring(colon + 1));
        int port = colon < 0 && number < DISPLAYS ? FIRST_PORT + number : number;
        InetAddress host = colon < 0 ? InetAddress.getLoopbackAddress()
                : InetAddress.getByName(where.substring(0, colon));
        return new InetSocketAddress(host, port);
    }

    /// DISPLAY or PORT on this host, HOST:DISPLAY or HOST:PORT.
    ///
    /// @throws ConfigurationException if it is none of these, or there is no such host
    public static InetSocketAddress ofServer(String where) {
        try {
            int colon = where.lastIndexOf(':');
            int number = number(where.substring(colon + 1));
            InetAddress host = colon <= 0 ? InetAddress.getLoopbackAddress()
                    : InetAddress.getByName(where.substring(0, colon));
            return new InetSocketAddress(host, number < DISPLAYS ? FIRST_PORT + number : number);
        } catch (IOException | IllegalArgumentException e) {
            throw new ConfigurationException("VNC server " + where + ": " + e.getMessage()
                    + " (DISPLAY, PORT, HOST:DISPLAY or HOST:PORT is meant)", e);
        }
    }

    private static int number(String text) {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("not a number: " + text, e);
        }
    }
}
