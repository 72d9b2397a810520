using System.Buffers.Binary;
using System.Numerics;

namespace Headgate.App.Input;

/// <summary>
/// XXH64: a fast 64-bit hash whose value is the same on every machine, so that it can be kept in results and ledgers. Not for
/// anything that an enemy could forge.
/// </summary>
internal static class XxHash
{
    private const ulong P1 = 0x9E3779B185EBCA87;
    private const ulong P2 = 0xC2B2AE3D27D4EB4F;
    private const ulong P3 = 0x165667B19E3779F9;
    private const ulong P4 = 0x85EBCA77C2B2AE63;
    private const ulong P5 = 0x27D4EB2F165667C5;

    public static ulong Of(ReadOnlySpan<byte> data, ulong seed = 0)
    {
        var hash = (data.Length >= 32 ? Stripes(ref data, seed, out var total) : Short(data, seed, out total)) + total;
        for (; data.Length >= 8; data = data[8..])
            hash = BitOperations.RotateLeft(hash ^ Round(0, BinaryPrimitives.ReadUInt64LittleEndian(data)), 27) * P1 + P4;
        if (data.Length >= 4)
        {
            hash = BitOperations.RotateLeft(hash ^ BinaryPrimitives.ReadUInt32LittleEndian(data) * P1, 23) * P2 + P3;
            data = data[4..];
        }
        foreach (var rest in data)
            hash = BitOperations.RotateLeft(hash ^ rest * P5, 11) * P1;
        hash = (hash ^ (hash >> 33)) * P2;
        hash = (hash ^ (hash >> 29)) * P3;
        return hash ^ (hash >> 32);
    }

    private static ulong Short(ReadOnlySpan<byte> data, ulong seed, out ulong total)
    {
        total = (ulong)data.Length;
        return seed + P5;
    }

    // Four lanes run side by side over blocks of 32 bytes; what is left of the data is for the caller.
    private static ulong Stripes(ref ReadOnlySpan<byte> data, ulong seed, out ulong total)
    {
        total = (ulong)data.Length;
        var (a, b, c, d) = (seed + P1 + P2, seed + P2, seed, seed - P1);
        for (; data.Length >= 32; data = data[32..])
        {
            a = Round(a, BinaryPrimitives.ReadUInt64LittleEndian(data));
            b = Round(b, BinaryPrimitives.ReadUInt64LittleEndian(data[8..]));
            c = Round(c, BinaryPrimitives.ReadUInt64LittleEndian(data[16..]));
            d = Round(d, BinaryPrimitives.ReadUInt64LittleEndian(data[24..]));
        }
        var hash = BitOperations.RotateLeft(a, 1) + BitOperations.RotateLeft(b, 7) + BitOperations.RotateLeft(c, 12) + BitOperations.RotateLeft(d, 18);
        foreach (var lane in (ReadOnlySpan<ulong>)[a, b, c, d])
            hash = (hash ^ Round(0, lane)) * P1 + P4;
        return hash;
    }

    private static ulong Round(ulong lane, ulong input) => BitOperations.RotateLeft(lane + input * P2, 31) * P1;
}
