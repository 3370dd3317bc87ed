//! The S3 operations that this server has; s3s answers `NotImplemented` to all others.

mod body;
mod buckets;
mod conditions;
mod listings;
mod multipart;
mod objects;
mod upload_listings;

use std::sync::Arc;

use s3s::{
    S3, S3Request, S3Response, S3Result,
    dto::{
        AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
        CompleteMultipartUploadOutput, CopyObjectInput, CopyObjectOutput, CreateBucketInput,
        CreateBucketOutput, CreateMultipartUploadInput, CreateMultipartUploadOutput,
        DeleteBucketCorsInput, DeleteBucketCorsOutput, DeleteBucketInput,
        DeleteBucketLifecycleInput, DeleteBucketLifecycleOutput, DeleteBucketOutput,
        DeleteBucketPolicyInput, DeleteBucketPolicyOutput, DeleteObjectInput, DeleteObjectOutput,
        DeleteObjectsInput, DeleteObjectsOutput, GetBucketCorsInput, GetBucketCorsOutput,
        GetBucketLifecycleConfigurationInput, GetBucketLifecycleConfigurationOutput,
        GetBucketLocationInput, GetBucketLocationOutput, GetBucketPolicyInput,
        GetBucketPolicyOutput, GetObjectInput, GetObjectOutput, HeadBucketInput, HeadBucketOutput,
        HeadObjectInput, HeadObjectOutput, ListBucketsInput, ListBucketsOutput,
        ListMultipartUploadsInput, ListMultipartUploadsOutput, ListObjectsInput, ListObjectsOutput,
        ListObjectsV2Input, ListObjectsV2Output, ListPartsInput, ListPartsOutput,
        PutBucketCorsInput, PutBucketCorsOutput, PutBucketLifecycleConfigurationInput,
        PutBucketLifecycleConfigurationOutput, PutBucketPolicyInput, PutBucketPolicyOutput,
        PutObjectInput, PutObjectOutput, UploadPartCopyInput, UploadPartCopyOutput,
        UploadPartInput, UploadPartOutput,
    },
};

use crate::store::Store;

pub(crate) struct ObjectStore(pub(crate) Arc<Store>);

/// One line per operation: each is a function of the same name in the module that it belongs to. The settings of buckets are in
/// memory, so reading them waits for nothing.
macro_rules! operations {
    (
        at_once { $($now:ident($now_input:ty) -> $now_output:ty;)* }
        later { $($module:ident::$later:ident($later_input:ty) -> $later_output:ty;)* }
    ) => {
        #[async_trait::async_trait]
        impl S3 for ObjectStore {
            $(
                async fn $now(&self, request: S3Request<$now_input>) -> S3Result<S3Response<$now_output>> {
                    buckets::$now(&self.0, &request.input).map(S3Response::new)
                }
            )*
            $(
                async fn $later(&self, request: S3Request<$later_input>) -> S3Result<S3Response<$later_output>> {
                    $module::$later(&self.0, request).await.map(S3Response::new)
                }
            )*
        }
    };
}

operations! {
    at_once {
        get_bucket_cors(GetBucketCorsInput) -> GetBucketCorsOutput;
        get_bucket_lifecycle_configuration(GetBucketLifecycleConfigurationInput) -> GetBucketLifecycleConfigurationOutput;
        get_bucket_location(GetBucketLocationInput) -> GetBucketLocationOutput;
        get_bucket_policy(GetBucketPolicyInput) -> GetBucketPolicyOutput;
        head_bucket(HeadBucketInput) -> HeadBucketOutput;
        list_buckets(ListBucketsInput) -> ListBucketsOutput;
    }
    later {
        buckets::create_bucket(CreateBucketInput) -> CreateBucketOutput;
        buckets::delete_bucket(DeleteBucketInput) -> DeleteBucketOutput;
        buckets::delete_bucket_cors(DeleteBucketCorsInput) -> DeleteBucketCorsOutput;
        buckets::delete_bucket_lifecycle(DeleteBucketLifecycleInput) -> DeleteBucketLifecycleOutput;
        buckets::delete_bucket_policy(DeleteBucketPolicyInput) -> DeleteBucketPolicyOutput;
        buckets::put_bucket_cors(PutBucketCorsInput) -> PutBucketCorsOutput;
        buckets::put_bucket_lifecycle_configuration(PutBucketLifecycleConfigurationInput) -> PutBucketLifecycleConfigurationOutput;
        buckets::put_bucket_policy(PutBucketPolicyInput) -> PutBucketPolicyOutput;
        listings::list_objects(ListObjectsInput) -> ListObjectsOutput;
    listings::list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output;
        multipart::abort_multipart_upload(AbortMultipartUploadInput) -> AbortMultipartUploadOutput;
        multipart::complete_multipart_upload(CompleteMultipartUploadInput) -> CompleteMultipartUploadOutput;
        multipart::create_multipart_upload(CreateMultipartUploadInput) -> CreateMultipartUploadOutput;
        multipart::upload_part(UploadPartInput) -> UploadPartOutput;
        multipart::upload_part_copy(UploadPartCopyInput) -> UploadPartCopyOutput;
        objects::copy_object(CopyObjectInput) -> CopyObjectOutput;
        objects::delete_object(DeleteObjectInput) -> DeleteObjectOutput;
        objects::delete_objects(DeleteObjectsInput) -> DeleteObjectsOutput;
        objects::get_object(GetObjectInput) -> GetObjectOutput;
        objects::head_object(HeadObjectInput) -> HeadObjectOutput;
        objects::put_object(PutObjectInput) -> PutObjectOutput;
        upload_listings::list_multipart_uploads(ListMultipartUploadsInput) -> ListMultipartUploadsOutput;
        upload_listings::list_parts(ListPartsInput) -> ListPartsOutput;
    }
}
