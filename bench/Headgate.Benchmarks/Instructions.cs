using System.Runtime.InteropServices;

namespace Headgate.Benchmarks;

/// <summary>
/// Counts the instructions that the threads of this process run outside the kernel, where the kernel counts them for us. On a machine
/// that others use too, times change with what they do; this hardly does.
/// </summary>
/// <remarks>Only threads started by the one that made this, and by theirs, are counted: make it first.</remarks>
internal sealed partial class Instructions
{
    private const int OpenCall = 298; // of x64
    private const ulong ThisAndItsThreads = 1UL << 1 | 1UL << 35; // inherit, inherit_thread
    private const ulong NotTheKernel = 1UL << 5 | 1UL << 6;

    private readonly int _counter = -1;

    public Instructions()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64)
            return;
        var wanted = new Wanted { Size = 64, Event = 1, Flags = ThisAndItsThreads | NotTheKernel };
        _counter = (int)Open(OpenCall, ref wanted, 0, -1, -1, 0);
    }

    /// <summary>So far; 0 where they are not counted.</summary>
    public long Count => _counter >= 0 && Read(_counter, out var count, sizeof(long)) == sizeof(long) ? count : 0;

    [StructLayout(LayoutKind.Sequential, Size = 64)]
    private struct Wanted
    {
        public uint Type; // 0: of the hardware
        public uint Size;
        public ulong Event; // 1: instructions
        private readonly ulong _samplePeriod;
        private readonly ulong _sampleType;
        private readonly ulong _readFormat;
        public ulong Flags;
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint Open(nint call, ref Wanted wanted, nint process, nint cpu, nint group, nint flags);

    [LibraryImport("libc", EntryPoint = "read")]
    private static partial nint Read(int descriptor, out long value, nuint count);
}
