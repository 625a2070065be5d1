package dev.holdfast.node.host.qemu.probe;

import java.util.Arrays;
import java.util.HexFormat;

/**
 * A guest of 544 bytes that shows whether an accelerator executes 64-bit kernel code.
 *
 * <p>It is a firmware image, so that it needs neither a kernel nor QEMU's own firmware. On its way
 * it writes one letter per step to port 0xe9: {@code R} real mode, {@code P} protected mode, {@code
 * L} long mode with paging, {@code X} cmpxchg16b, {@code S} SSE2, {@code F} a page fault handled,
 * {@code T} woken from HLT by the local APIC's timer, {@code K} 2^24 rounds of a loop with the
 * right sum. Then it ends QEMU through port 0xf4 (isa-debug-exit: exit status is twice the value
 * plus 1).
 *
 * <p>Why these steps: there are KVM modules for hosts without hardware virtualization, which
 * emulate an unmodified kernel instruction by instruction. Firmware runs, a Linux kernel even
 * unpacks itself, a thousand times too slowly, and stops at the first instruction that the emulator
 * lacks; cmpxchg16b, in Linux' page allocator, is one, SSE another. And one that had them all would
 * fail by the time that the loop takes: 20 ms on hardware.
 *
 * <p>Memory: 0x1000 PML4, 0x2000 PDPT, 0x3000 page directory of the first GiB, 0x4000 of the
 * fourth, 0x5000 interrupt descriptors, 0x6000 results, stack below 0x8000. The image is seen below
 * 4 GiB and, as the last 64 KiB below 1 MiB, at 0xf0000.
 */
final class ProbeGuest {
  /** What it writes when everything works. */
  static final String SIGNATURE = "RPLXSFTK";

  /** QEMU's exit status when everything works. */
  static final int SUCCESS = 2 * 0x10 + 1;

  /** QEMU takes firmware in multiples of this. */
  private static final int IMAGE_BYTES = 64 * 1024;

  /** The processor begins 16 bytes below the end (Intel SDM volume 3, 9.1.4). */
  private static final int RESET_VECTOR = IMAGE_BYTES - 16;

  /** {@code jmp 0}, relative to the instruction after it. */
  private static final byte[] JUMP_TO_START = {(byte) 0xe9, 0x0d, 0x00};

  /** Machine code before the semicolon, its assembly (Intel syntax) after it. */
  private static final String LISTING =
      """
      ; -- firmware, real mode, cs base 0xffff0000
      ; start16:
      fa                                      ; cli
      b0 52                                   ; mov al, 'R'
      e6 e9                                   ; out 0xe9, al
      2e 0f 01 16 10 02                       ; lgdt cs:[gdtr]  -- offset in segment f000
      0f 20 c0                                ; mov eax, cr0
      0c 01                                   ; or al, 1
      0f 22 c0                                ; mov cr0, eax
      66 ea                                   ; .byte 0x66, 0xea  -- ljmp 0x08:start32
      1b 00 0f 00                             ; .long 0xf0000 + start32
      08 00                                   ; .word 0x08
      ; start32:
      66 b8 10 00                             ; mov ax, 0x10
      8e d8                                   ; mov ds, ax
      8e c0                                   ; mov es, ax
      8e d0                                   ; mov ss, ax
      bc 00 80 00 00                          ; mov esp, 0x8000
      b0 50                                   ; mov al, 'P'
      e6 e9                                   ; out 0xe9, al
      ; -- page tables at 0x1000: zero 5 pages
      bf 00 10 00 00                          ; mov edi, 0x1000
      31 c0                                   ; xor eax, eax
      b9 00 14 00 00                          ; mov ecx, 0x1400
      f3 ab                                   ; rep stosd
      c7 05 00 10 00 00 07 20 00 00           ; mov dword ptr [0x1000], 0x2007  -- PML4[0] -> PDPT
      c7 05 00 20 00 00 07 30 00 00           ; mov dword ptr [0x2000], 0x3007  -- PDPT[0] -> PD, first GiB
      c7 05 18 20 00 00 07 40 00 00           ; mov dword ptr [0x2018], 0x4007  -- PDPT[3] -> PD of the last GiB below 4
      c7 05 00 30 00 00 87 00 00 00           ; mov dword ptr [0x3000], 0x87  -- first 2 MiB, identity
      c7 05 b8 4f 00 00 93 00 e0 fe           ; mov dword ptr [0x4fb8], 0xfee00093  -- 0xfee00000, 2 MiB, not cached: local APIC
      0f 20 e0                                ; mov eax, cr4
      0d 20 06 00 00                          ; or eax, 0x620  -- PAE, OSFXSR, OSXMMEXCPT
      0f 22 e0                                ; mov cr4, eax
      b8 00 10 00 00                          ; mov eax, 0x1000
      0f 22 d8                                ; mov cr3, eax
      b9 80 00 00 c0                          ; mov ecx, 0xc0000080  -- EFER
      0f 32                                   ; rdmsr
      0d 00 01 00 00                          ; or eax, 0x100  -- LME
      0f 30                                   ; wrmsr
      0f 20 c0                                ; mov eax, cr0
      24 fb                                   ; and al, 0xfb  -- EM off
      0d 02 00 01 80                          ; or eax, 0x80010002  -- PG, WP, MP
      0f 22 c0                                ; mov cr0, eax
      ea                                      ; .byte 0xea  -- ljmp 0x18:start64
      a3 00 0f 00                             ; .long 0xf0000 + start64
      18 00                                   ; .word 0x18
      ; start64:
      b0 4c                                   ; mov al, 'L'
      e6 e9                                   ; out 0xe9, al
      ; -- cmpxchg16b, as Linux' page allocator uses it
      31 c0                                   ; xor eax, eax
      31 d2                                   ; xor edx, edx
      bb ed 5e 00 00                          ; mov ebx, 0x5eed
      31 c9                                   ; xor ecx, ecx
      f0 48 0f c7 88 00 60 00 00              ; lock cmpxchg16b [rax + 0x6000]
      48 81 3c 25 00 60 00 00 ed 5e 00 00     ; cmp qword ptr [0x6000], 0x5eed
      0f 85 cd 00 00 00                       ; jne fail
      b0 58                                   ; mov al, 'X'
      e6 e9                                   ; out 0xe9, al
      ; -- SSE2
      66 48 0f 6e c3                          ; movq xmm0, rbx
      66 0f d4 c0                             ; paddq xmm0, xmm0
      66 48 0f 7e c0                          ; movq rax, xmm0
      48 3d da bd 00 00                       ; cmp rax, 0xbdda
      0f 85 af 00 00 00                       ; jne fail
      b0 53                                   ; mov al, 'S'
      e6 e9                                   ; out 0xe9, al
      ; -- IDT at 0x5000: 14 page fault, 32 timer
      48 8d 05 c7 00 00 00                    ; lea rax, [rip + page_fault]
      bf e0 50 00 00                          ; mov edi, 0x50e0
      e8 a5 00 00 00                          ; call gate
      48 8d 05 d0 00 00 00                    ; lea rax, [rip + timer]
      bf 00 52 00 00                          ; mov edi, 0x5200
      e8 94 00 00 00                          ; call gate
      0f 01 1d fe 00 00 00                    ; lidt [rip + idtr]
      ; -- page fault: first touch of 4 MiB
      48 8b 04 25 00 00 40 00                 ; mov rax, [0x400000]
      80 3c 25 10 60 00 00 01                 ; cmp byte ptr [0x6010], 1
      75 70                                   ; jne fail
      b0 46                                   ; mov al, 'F'
      e6 e9                                   ; out 0xe9, al
      ; -- local APIC timer and HLT
      be 00 00 e0 fe                          ; mov esi, 0xfee00000
      c7 86 f0 00 00 00 ff 01 00 00           ; mov dword ptr [rsi + 0xf0], 0x1ff  -- enable, spurious vector 255
      c7 86 e0 03 00 00 0b 00 00 00           ; mov dword ptr [rsi + 0x3e0], 0xb  -- divide by 1
      c7 86 20 03 00 00 20 00 00 00           ; mov dword ptr [rsi + 0x320], 0x20  -- one shot, vector 32
      c7 86 80 03 00 00 00 00 01 00           ; mov dword ptr [rsi + 0x380], 0x10000
      ; wait_timer:
      fb                                      ; sti
      f4                                      ; hlt
      fa                                      ; cli
      80 3c 25 11 60 00 00 01                 ; cmp byte ptr [0x6011], 1
      75 f3                                   ; jne wait_timer
      b0 54                                   ; mov al, 'T'
      e6 e9                                   ; out 0xe9, al
      ; -- a loop as fast as hardware: 2^24 rounds
      b9 00 00 00 01                          ; mov ecx, 0x1000000
      31 c0                                   ; xor eax, eax
      ba 01 00 00 00                          ; mov edx, 1
      ; spin:
      48 01 d0                                ; add rax, rdx
      48 6b d2 05                             ; imul rdx, rdx, 5
      ff c9                                   ; dec ecx
      75 f5                                   ; jnz spin
      48 bb 00 00 00 9f 89 1c a2 fa           ; movabs rbx, 0xfaa21c899f000000
      48 39 d8                                ; cmp rax, rbx
      75 08                                   ; jne fail
      b0 4b                                   ; mov al, 'K'
      e6 e9                                   ; out 0xe9, al
      b0 10                                   ; mov al, 0x10
      e6 f4                                   ; out 0xf4, al
      ; fail:
      b0 21                                   ; mov al, '!'
      e6 e9                                   ; out 0xe9, al
      b0 11                                   ; mov al, 0x11
      e6 f4                                   ; out 0xf4, al
      ; halt:
      f4                                      ; hlt
      eb fd                                   ; jmp halt
      ; gate:
      66 89 07                                ; mov word ptr [rdi], ax
      66 c7 47 02 18 00                       ; mov word ptr [rdi + 2], 0x18
      66 c7 47 04 00 8e                       ; mov word ptr [rdi + 4], 0x8e00
      48 c1 e8 10                             ; shr rax, 16
      66 89 47 06                             ; mov word ptr [rdi + 6], ax
      c3                                      ; ret
      ; page_fault:
      48 c7 04 25 10 30 00 00 87 00 40 00     ; mov qword ptr [0x3010], 0x400087  -- PD[2]: map 4 MiB
      c6 04 25 10 60 00 00 01                 ; mov byte ptr [0x6010], 1
      48 83 c4 08                             ; add rsp, 8  -- error code
      48 cf                                   ; iretq
      ; timer:
      c6 04 25 11 60 00 00 01                 ; mov byte ptr [0x6011], 1
      c7 86 b0 00 00 00 00 00 00 00           ; mov dword ptr [rsi + 0xb0], 0  -- EOI
      48 cf                                   ; iretq
      8d b4 00 00 90                          ; padding
      ; gdt:
      00 00 00 00 00 00 00 00                 ; .quad 0
      ff ff 00 00 00 9b cf 00                 ; .quad 0x00cf9b000000ffff  -- 0x08 32-bit code
      ff ff 00 00 00 93 cf 00                 ; .quad 0x00cf93000000ffff  -- 0x10 data
      ff ff 00 00 00 9b af 00                 ; .quad 0x00af9b000000ffff  -- 0x18 64-bit code
      ; gdtr:
      1f 00                                   ; .word 0x1f
      f0 01 0f 00                             ; .long 0xf0000 + gdt
      ; idtr:
      0f 02                                   ; .word 0x20f
      00 50 00 00 00 00 00 00                 ; .quad 0x5000
      """;

  private ProbeGuest() {}

  /** The image as QEMU's {@code -bios} takes it. */
  static byte[] image() {
    byte[] image = new byte[IMAGE_BYTES];
    byte[] code = code();
    System.arraycopy(code, 0, image, 0, code.length);
    System.arraycopy(JUMP_TO_START, 0, image, RESET_VECTOR, JUMP_TO_START.length);
    return image;
  }

  private static byte[] code() {
    var hexadecimal = new StringBuilder();
    LISTING
        .lines()
        .map(line -> line.substring(0, line.indexOf(';')))
        .flatMap(bytes -> Arrays.stream(bytes.split(" ", -1)))
        .forEach(hexadecimal::append);
    return HexFormat.of().parseHex(hexadecimal);
  }
}
