using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Headgate.Jobs;

namespace Headgate.App.Input;

/// <summary>
/// Tells files from what only has a path. A pipe that nobody writes to blocks whoever opens it, deaf to every signal; a device has no end; and
/// neither can be read again for a second attempt.
/// </summary>
internal static partial class RegularFile
{
    private const int FromHere = -100; // AT_FDCWD
    private const int OfType = 1; // STATX_TYPE
    private const int SizeOfStatx = 256;
    private const int OffsetOfMode = 28;
    private const int TypeBits = 0xF000;
    private const int Regular = 0x8000;

    /// <summary>What is wrong with a path that is there, as the body of a request; null if it is a file. Only Linux is asked.</summary>
    public static string? WhyNot(string path) => Is(path) ? null : $"body_file {RequestRules.Quote(path)} is a pipe or a device: give a file, whose bytes can be read again if the request has to be";

    /// <summary>Whether a path leads to a file with a length, as far as is known.</summary>
    public static bool Is(string path)
    {
        if (!OperatingSystem.IsLinux())
            return true;
        var found = new byte[SizeOfStatx];
        return Statx(FromHere, path, 0, OfType, found) != 0 || (BinaryPrimitives.ReadUInt16LittleEndian(found.AsSpan(OffsetOfMode)) & TypeBits) == Regular;
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int directory, string path, int flags, uint mask, byte[] found);
}
