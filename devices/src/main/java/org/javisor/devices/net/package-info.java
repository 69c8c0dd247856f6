// SPDX-License-Identifier: Apache-2.0
/// Networks: what carries a guest's frames, and Ethernet's own formats. Network cards are in packages below.
package org.javisor.devices.net;
