// SPDX-License-Identifier: Apache-2.0
package org.javisor.devices.vga;

/// The characters in a PC's ROM.
///
/// @unicode mappings VENDORS/MICSFT/PC/CP437.TXT; for what is drawn below 32, VENDORS/MISC/IBMGRAPH.TXT
final class CodePage437 {
    private static final String CHARACTERS =
            " ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼"
            + " !\"#$%&'()*+,-./0123456789:;<=>?"
            + "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_"
            + "`abcdefghijklmnopqrstuvwxyz{|}~⌂"
            + "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒ"
            + "áíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐"
            + "└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀"
            + "αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■ ";

    private CodePage437() { }

    static char toUnicode(int character) {
        return CHARACTERS.charAt(character & 0xff);
    }
}
