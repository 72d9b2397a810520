using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Headgate.App.Service;

/// <summary>
/// What the lines <c>Connection</c> of a call say, word for word. The server puts <c>close</c>, <c>keep-alive</c> or <c>Upgrade</c> in the place of
/// lines that name headers beside it (seen with .NET 10), and what they name is for this connection only (RFC 9110 §7.6.1): so they are looked at
/// while they are read. One for each connection, on which calls follow each other: HTTP/2 knows no such lines.
/// </summary>
internal sealed class ConnectionLines
{
    private static readonly AsyncLocal<ConnectionLines?> Reading = new();

    private List<string>? _read;
    private List<string>? _ofCall;

    private ConnectionLines()
    {
    }

    /// <summary>How the server is to read those lines.</summary>
    public static Encoding Reader { get; } = new Watching();

    /// <summary>Has each connection of a port remember them. To be added before what reads.</summary>
    public static void Add(ListenOptions listen) => listen.Use(next => async connection =>
    {
        var lines = new ConnectionLines();
        connection.Features.Set(lines);
        // The server reads every call of a connection within what is set here.
        Reading.Value = lines;
        await next(connection);
    });

    /// <summary>What was read before a call is that of the call. To be told of each, before anything else.</summary>
    public static void Begin(HttpContext context)
    {
        if (context.Features.Get<ConnectionLines>() is { } lines)
            (lines._ofCall, lines._read) = (lines._read, null);
    }

    /// <summary>What the lines of a call say; nothing if the server has them all.</summary>
    public static IEnumerable<string> Of(HttpContext context) => context.Features.Get<ConnectionLines>()?._ofCall ?? [];

    /// <summary>Tells whoever reads what was read. A line that is no ASCII names nothing, and is refused.</summary>
    private sealed class Watching : Encoding
    {
        private static readonly Encoding Strict = GetEncoding("us-ascii", EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback);

        public override int GetByteCount(char[] chars, int index, int count) => Strict.GetByteCount(chars, index, count);

        public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) => Strict.GetBytes(chars, charIndex, charCount, bytes, byteIndex);

        public override int GetCharCount(byte[] bytes, int index, int count) => Strict.GetCharCount(bytes, index, count);

        public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex)
        {
            var count = Strict.GetChars(bytes, byteIndex, byteCount, chars, charIndex);
            if (Reading.Value is { } lines)
                (lines._read ??= []).Add(new string(chars, charIndex, count));
            return count;
        }

        public override int GetMaxByteCount(int charCount) => Strict.GetMaxByteCount(charCount);

        public override int GetMaxCharCount(int byteCount) => Strict.GetMaxCharCount(byteCount);
    }
}
