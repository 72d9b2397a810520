using System.Buffers;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Headgate.App.Service;

/// <summary>Looks at how a connection begins, and takes nothing of it: whoever reads next reads from its first byte.</summary>
internal static class FirstBytes
{
    /// <summary>Whether a connection begins with something.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="expected">With what.</param>
    /// <param name="time">Measures how long it may say nothing: as long as an unused one is kept.</param>
    /// <returns>Null if it ended, said nothing, or the server stops: there is nothing to be done for it.</returns>
    public static async Task<bool?> AreAsync(ConnectionContext connection, ReadOnlyMemory<byte> expected, TimeProvider time)
    {
        var input = connection.Transport.Input;
        var stops = connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? CancellationToken.None;
        using var silence = new CancellationTokenSource(CallerLimits.KeepAlive, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, stops);
        try
        {
            while (true)
            {
                var read = await input.ReadAsync(either.Token);
                var verdict = Judge(read.Buffer, expected.Span);
                if (verdict is null && !read.IsCompleted)
                {
                    input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
                    continue;
                }
                input.AdvanceTo(read.Buffer.Start);
                return verdict ?? (read.Buffer.IsEmpty ? null : false);
            }
        }
        catch (Exception ended) when (ended is OperationCanceledException or IOException)
        {
            return null;
        }
    }

    /// <summary>Null while it can be either.</summary>
    private static bool? Judge(ReadOnlySequence<byte> bytes, ReadOnlySpan<byte> expected)
    {
        Span<byte> first = stackalloc byte[(int)Math.Min(expected.Length, bytes.Length)];
        bytes.Slice(0, first.Length).CopyTo(first);
        return !expected.StartsWith(first) ? false : first.Length == expected.Length ? true : null;
    }
}
