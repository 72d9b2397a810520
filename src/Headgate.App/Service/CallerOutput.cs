using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Headgate.App.Service;

/// <summary>
/// Where the server writes its answers to a caller. It has no way to say anything before them, so that is written here, which is safe as long as it writes
/// nothing itself: from the moment when a call and the first of its body are read until its answer begins.
/// </summary>
/// <param name="Writer">The end of the connection, above TLS. Owned by the server.</param>
internal sealed record CallerOutput(PipeWriter Writer)
{
    /// <summary>Has each connection of a port show it to its calls. To be added last: what else stands between may exchange it.</summary>
    public static void Add(ListenOptions listen) => listen.Use(next => connection =>
    {
        connection.Features.Set(new CallerOutput(connection.Transport.Output));
        return next(connection);
    });
}
