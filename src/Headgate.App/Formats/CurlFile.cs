using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Unicode;
using Headgate.App.Input;
using Headgate.App.Send;
using Headgate.Jobs;

namespace Headgate.App.Formats;

/// <summary>
/// A file of curl commands, as documentation has them and browsers copy them ("Copy as cURL", "Copy all as cURL"): each may go on over
/// several lines, as a shell lets it; lines that begin with # are comments.
/// </summary>
/// <param name="variable">Gives the value of a variable of the shell.</param>
/// <param name="readFile">Reads a file that data comes from.</param>
/// <param name="notes">Told what was left out, each once.</param>
internal sealed class CurlFile(Func<string, string?> variable, Func<string, byte[]> readFile, Action<string> notes) : IRequestFormat
{
    /// <summary>The longest command, in characters.</summary>
    private const int Longest = 64 << 20;

    private readonly HashSet<string> _told = [];

    public async IAsyncEnumerable<FoundRequest> ReadAsync(InputFile file, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var (command, end, first) = (new StringBuilder(), new CommandEnd(), 0L);
        await foreach (var line in FileLines.ReadAsync(file, cancellation))
        {
            FileLines.ThrowIfTooLong(line, file);
            if (!Utf8.IsValid(line.Current.Span))
                throw new InputException(LineError.At(file.Name, line.Line, line.Current.Span, JobRequestReader.FirstInvalid(line.Current.Span), "the line is not UTF-8").ToString());
            var text = Encoding.UTF8.GetString(line.Current.Span);
            if (command.Length == 0 && text.AsSpan().TrimStart() is [] or ['#', ..])
                continue;
            first = command.Length == 0 ? line.Line : first;
            command.Append(text).Append('\n');
            if (command.Length > Longest)
                throw new InputException($"{file.Name}:{first}:1: the command that begins here is longer than {Longest >> 20} MiB; is a quote not closed?");
            if (!end.IsAt(text))
                continue;
            yield return Read(command.ToString(), file.Name, first);
            command.Clear();
        }
        if (command.Length > 0)
            yield return Read(command.ToString(), file.Name, first);
    }

    private FoundRequest Read(string written, string file, long line)
    {
        // What joins it with the next one: browsers copy several with ; between them.
        var command = written.TrimEnd().TrimEnd(';', '&').TrimEnd();
        try
        {
            if (!CurlCommand.IsCurl(command))
                return Wrong(0, command.Trim() == "curl" ? "curl without a URL" : "not a curl command; lines that are comments begin with #");
            if (command.Contains(" ^\n", StringComparison.Ordinal) || command.EndsWith(" ^", StringComparison.Ordinal))
                return Wrong(0, "a command for cmd.exe: copy it as cURL for bash");
            var left = new List<string>();
            var request = CurlCommand.Read(command, variable, readFile, left).Build();
            foreach (var note in left.Where(_told.Add))
                notes(note);
            return new FoundRequest(request, null);
        }
        catch (ShellTextException wrong)
        {
            return Wrong(wrong.Start, wrong.What);
        }
        catch (CurlWordException wrong)
        {
            return Wrong(wrong.Start, wrong.Message);
        }
        catch (Exception wrong) when (wrong is ArgumentException or InputException)
        {
            return Wrong(0, wrong.Message);
        }

        FoundRequest Wrong(int at, string what)
        {
            var before = Encoding.UTF8.GetBytes(command[..Math.Min(at, command.Length)]);
            var place = new TextPlace(line, 1, 0).After(before);
            return new FoundRequest(null, new LineError(file, place.Line, place.Column, what));
        }
    }
}
