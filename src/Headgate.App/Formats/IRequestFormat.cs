using Headgate.App.Input;
using Headgate.Jobs;

namespace Headgate.App.Formats;

/// <summary>Finds the requests in a file of another program, one after the other, in memory that does not grow with the file.</summary>
internal interface IRequestFormat
{
    /// <exception cref="InputException">The file cannot be read, or not any further.</exception>
    IAsyncEnumerable<FoundRequest> ReadAsync(InputFile file, CancellationToken cancellation);
}

/// <summary>What a file has at a place: a request, or what is wrong there.</summary>
internal readonly record struct FoundRequest(JobRequest? Request, LineError? Error);
