using System.Text;
using Headgate.App.CommandLine;
using Headgate.Configuration;

namespace Headgate.App.Secrets;

/// <summary>Reads a secret from where no other user of the machine sees it.</summary>
internal static class SecretInput
{
    /// <summary>No key and no URL is longer: headers are not either.</summary>
    private const int Longest = 64 * 1024;

    /// <summary>The secret in a file, or what comes through standard input, or what somebody types; without the end of its line.</summary>
    /// <param name="file">The file; null for the others.</param>
    /// <param name="what">What who types is asked for.</param>
    /// <param name="talk">Where that is asked.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="CommandException">It cannot be read.</exception>
    public static async Task<string> ReadAsync(string? file, string what, TextWriter talk, CancellationToken stop)
    {
        try
        {
            var value = file is not null ? BoundedFile.ReadAllText(file, Longest) : Console.IsInputRedirected ? await ReadAllAsync(stop) : Type(what, talk);
            return value.TrimEnd('\r', '\n');
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CommandException(ExitCode.Configuration, $"{(file is null ? "standard input" : Excerpt.Of(file))} cannot be read: {failure.Message}");
        }
    }

    private static async Task<string> ReadAllAsync(CancellationToken stop)
    {
        using var input = Console.OpenStandardInput();
        var bytes = new byte[Longest + 1];
        var count = await input.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, stop);
        return count <= Longest ? Encoding.UTF8.GetString(bytes, 0, count) : throw new IOException($"it is longer than {Longest / 1024} KiB");
    }

    /// <summary>Typed by somebody, and shown to nobody.</summary>
    private static string Type(string what, TextWriter talk)
    {
        talk.Write($"{what} (it is not shown): ");
        var typed = new StringBuilder();
        while (Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
            if (key.Key == ConsoleKey.Backspace)
                typed.Length = Math.Max(0, typed.Length - 1);
            else if (key.KeyChar != '\0')
                typed.Append(key.KeyChar);
        talk.WriteLine();
        return typed.ToString();
    }
}
