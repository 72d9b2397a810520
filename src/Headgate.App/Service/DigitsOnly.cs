using System.Text;

namespace Headgate.App.Service;

/// <summary>
/// How <c>Content-Length</c> is read: as digits and nothing else (RFC 9110 §8.6). The server takes a sign before them (seen with .NET 10), which the
/// next on the way may read otherwise. Whatever is no digit becomes a letter, which it refuses. Thread-safe.
/// </summary>
internal sealed class DigitsOnly : Encoding
{
    private DigitsOnly()
    {
    }

    public static Encoding Encoding { get; } = new DigitsOnly();

    public override int GetByteCount(char[] chars, int index, int count) => count;

    public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) => throw new NotSupportedException();

    public override int GetCharCount(byte[] bytes, int index, int count) => count;

    public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex)
    {
        for (var at = 0; at < byteCount; at++)
            chars[charIndex + at] = char.IsAsciiDigit((char)bytes[byteIndex + at]) ? (char)bytes[byteIndex + at] : 'x';
        return byteCount;
    }

    public override int GetMaxByteCount(int charCount) => charCount;

    public override int GetMaxCharCount(int byteCount) => byteCount;
}
