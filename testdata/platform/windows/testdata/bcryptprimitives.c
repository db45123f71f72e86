/* What Wine 8 lacks for Go programs, in the one library that each of them loads first, from System32.

   ProcessPrng, from which Go takes its random numbers: Wine has no bcryptprimitives.dll.

   An answer to FileDispositionInformationEx that Go understands. Wine says "not implemented", upon
   which os.Root and os.RemoveAll give up; Windows versions without it say "invalid information
   class", upon which they delete in the old way. So the one answer is turned into the other. */
#include <string.h>
#include <windows.h>

#define NOT_IMPLEMENTED ((LONG)0xC0000002)
#define INVALID_INFO_CLASS ((LONG)0xC0000003)

BOOLEAN WINAPI SystemFunction036(PVOID buffer, ULONG length); /* RtlGenRandom */

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE buffer, SIZE_T length)
{
    const SIZE_T most = 1 << 28; /* bytes at a time */
    while (length > 0) {
        ULONG n = (ULONG)(length < most ? length : most);
        if (!SystemFunction036(buffer, n))
            return FALSE;
        buffer += n;
        length -= n;
    }
    return TRUE;
}

typedef LONG(WINAPI *set_information)(HANDLE, PVOID, PVOID, ULONG, ULONG);
static set_information wine;

static LONG WINAPI ours(HANDLE file, PVOID status, PVOID info, ULONG length, ULONG class)
{
    LONG answer = wine(file, status, info, length, class);
    return answer == NOT_IMPLEMENTED ? INVALID_INFO_CLASS : answer;
}

/* Leads NtSetInformationFile of ntdll.dll to ours: a copy of Wine's entry stays callable, and its
   first bytes become "mov rax, ours; jmp rax". An entry of another shape is left alone. */
static void redirect(void)
{
    static const unsigned char shape[] = {0x4c, 0x8b, 0xd1, 0xb8}; /* mov r10, rcx; mov eax, number */
    const SIZE_T entry = 32, page = 4096;
    unsigned char jump[] = {0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xe0};
    void *target = (void *)ours;
    DWORD before;
    unsigned char *at = (unsigned char *)GetProcAddress(GetModuleHandleA("ntdll.dll"), "NtSetInformationFile");
    unsigned char *copy;

    if (!at || memcmp(at, shape, sizeof shape) != 0)
        return;
    copy = VirtualAlloc(NULL, page, MEM_COMMIT | MEM_RESERVE, PAGE_EXECUTE_READWRITE);
    if (!copy || !VirtualProtect(at, sizeof jump, PAGE_EXECUTE_READWRITE, &before))
        return;
    memcpy(copy, at, entry);
    wine = (set_information)copy;
    memcpy(jump + 2, &target, sizeof target);
    memcpy(at, jump, sizeof jump);
    VirtualProtect(at, sizeof jump, before, &before);
}

BOOL WINAPI DllMain(HINSTANCE self, DWORD why, LPVOID reserved)
{
    (void)self;
    (void)reserved;
    if (why == DLL_PROCESS_ATTACH)
        redirect();
    return TRUE;
}
