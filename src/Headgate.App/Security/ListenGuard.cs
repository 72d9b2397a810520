using System.Net;
using Headgate.App.CommandLine;
using Headgate.Configuration;

namespace Headgate.App.Security;

/// <summary>Nobody but this machine reaches a service that asks for no token, unless that is what was asked for.</summary>
internal static class ListenGuard
{
    /// <summary>The option by which that is asked for.</summary>
    public const string Flag = "--allow-anyone";

    /// <summary>Looks at one place to listen at, before anything listens.</summary>
    /// <param name="origin">Who said so, as messages show it: <c>--listen</c>.</param>
    /// <param name="place">The place.</param>
    /// <param name="danger">What whoever reaches it could do.</param>
    /// <param name="access">Who may call.</param>
    /// <param name="allowsAnyone">Anybody may.</param>
    /// <param name="data">The data directory.</param>
    /// <exception cref="CommandException">Whoever reaches it could do anything.</exception>
    public static void Check(string origin, ListenUrl place, string danger, Access access, bool allowsAnyone, string data)
    {
        if (place.IsLoopback || allowsAnyone || access.IsRequired)
            return;
        var where = Path.GetFullPath(data) == Path.GetFullPath("data") ? "" : $" --data {Quoted(data)}";
        throw new CommandException(ExitCode.Configuration, $"""
            {origin} {place}: it would be reached from other machines, and whoever reaches it could {danger}, since no token is needed yet. Make one, and start again:

                headgate tokens add NAME --scope read,submit{where}

            or listen on loopback only ({place with { Address = IPAddress.Loopback, Name = null }}), or, where whoever reaches it may do everything, add {Flag}
            """);
    }

    private static string Quoted(string path) => path.All(static letter => char.IsLetterOrDigit(letter) || letter is '/' or '.' or '_' or '-' or ':' or '\\') ? path : $"'{path.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
